"""Who may import whom, and where a vendor's library may appear."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS: dict[str, set[str]] = {
    "admission": set(),
    "runtime": {"admission"},
    "hal": {"admission"},
    "gate": {"admission", "runtime", "hal"},
    "kiosk": {"admission", "runtime", "hal"},
    "desk": {"admission", "runtime", "hal"},
    "central": {"admission", "runtime"},
    "wicket": {"admission", "runtime", "hal", "gate", "kiosk", "desk", "central"},
}
WEB, DRAWING = {"aiohttp", "click"}, {"PIL", "pygame", "segno"}
VENDORS = {
    "admission/codes.py": {"cryptography"},
    "admission/signature.py": {"cryptography"},
    "runtime/": WEB,
    "runtime/convert.py": {"cattrs"},
    "runtime/mqtt.py": {"aiomqtt"},
    "runtime/texts.py": {"babel"},
    "hal/drivers/": {"*"},
    "hal/screen/": DRAWING,
    "hal/sim/paper.py": {"PIL", "segno"},
    "gate/": WEB,
    "kiosk/": WEB,
    "desk/": {"aiohttp"},
    "kiosk/display.py": DRAWING,
    "kiosk/painter.py": DRAWING,
    "central/": WEB | {"alembic", "dateutil", "sqlalchemy"},
    "central/metrics.py": WEB | {"prometheus_client", "sqlalchemy"},
    "central/coats/pictures.py": {"PIL"},
    "central/coats/reading.py": {"zxingcpp"},
    "central/delivery/": WEB | {"aiosmtplib", "apprise", "phonenumbers", "sqlalchemy"},
    "central/pages/": WEB | {"jinja2", "sqlalchemy"},
    "central/papers/": DRAWING | {"fpdf", "sqlalchemy", "zxingcpp"},
    "central/staff/people.py": {"argon2", "sqlalchemy"},
    "wicket/": WEB | {"amqtt"},
    "wicket/authority.py": {"cryptography"},
    "wicket/own_certificate.py": {"cryptography"},
}
"""Path, or its beginning → the libraries that may be imported there."""


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_imports(path: str, source: str) -> list[str]:
    """What the module at `path`, seen from the repository, imports and must not."""
    package = path.partition("/")[0]
    vendors = set().union(*(names for start, names in VENDORS.items() if path.startswith(start)))
    return [
        name
        for name in imported(source)
        if not _allowed(name, OURS[package] | {package}, vendors, inside_hal=package == "hal")
    ]


def _allowed(name: str, ours: set[str], vendors: set[str], *, inside_hal: bool) -> bool:
    top = name.partition(".")[0]
    if name.startswith(("hal.drivers", "hal.sim")):
        return inside_hal or ("hal" in ours and name.startswith("hal.sim.stage"))
    if top in OURS:
        return top in ours
    return top in sys.stdlib_module_names or top in vendors or "*" in vendors


def test_every_module_keeps_the_directions() -> None:
    modules = [path for package in OURS for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 20
    wrong = {
        name: found
        for path in modules
        if (found := wrong_imports(name := path.relative_to(ROOT).as_posix(), path.read_text()))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "line", "wrong"),
    [
        ("admission/decide.py", "import runtime.wire", ["runtime.wire"]),
        ("admission/decide.py", "from cryptography import x509", ["cryptography.x509"]),
        ("gate/lane.py", "from kiosk import flow", ["kiosk.flow"]),
        ("gate/lane.py", "from hal.drivers.log_display import D", ["hal.drivers.log_display.D"]),
        ("gate/lane.py", "from hal import sim", ["hal.sim"]),
        ("central/app.py", "if TYPE_CHECKING:\n    import hal", ["hal"]),
        ("kiosk/flow.py", "def f():\n    import pygame", ["pygame"]),
        ("runtime/outbox.py", "import aiomqtt", ["aiomqtt"]),
        ("hal/ports.py", "import wicket", ["wicket"]),
        ("hal/drivers/serial_reader.py", "import serialx, gate", ["gate"]),
        ("runtime/mqtt.py", "import asyncio, aiomqtt, admission.facts", []),
        ("wicket/demo/app.py", "from hal.sim.stage import Stage", []),
    ],
)
def test_a_wrong_import_is_found(path: str, line: str, wrong: list[str]) -> None:
    assert wrong_imports(path, line) == wrong
