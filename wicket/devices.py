"""`wicket devices`: what is plugged in, and the tables to paste for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hal.discovery import FAMILIES, CannotLook, Family, Found
from hal.ports import CodeReader, OutputLine, TicketPrinter

PLACES: dict[type[Any], str] = {
    CodeReader: "gate.toml, into readers = [ … ] of [lanes.entry] or [lanes.exit]",
    OutputLine: "gate.toml, as a line of a turnstile, a light or a buzzer",
    TicketPrinter: "kiosk.toml, as printer = { … }",
}
"""Port → where its table goes."""


def listing(root: Path) -> str:
    """Everything found; each line that is no comment is one device table."""
    root = root.resolve()
    blocks = [block for family in FAMILIES for block in _blocks(family, root)]
    return "\n\n".join(blocks) + "\n"


def _blocks(family: Family, root: Path) -> Iterator[str]:
    title = f"## {family.name}"
    try:
        found = family.find(root)
    except CannotLook as why:
        yield f"{title}\n# {why}"
        return
    if not found:
        yield f"{title}\n# None ({_looked(family)})"
        return
    yield "\n\n".join([title, *map(_block, found)])


def _looked(family: Family) -> str:
    group = f"; a daemon needs the group {family.group} to open one" if family.group else ""
    return f"looked at {family.places}{group}"


def _block(found: Found) -> str:
    lines = [f"# {found.what}", *(f"# {remark}" for remark in found.remarks)]
    if found.port and found.table:
        lines += [f"# {PLACES[found.port]}:", inline_table(found.table)]
    return "\n".join(lines)


def inline_table(table: Mapping[str, Any]) -> str:
    """In TOML: { driver = "serial", port = "/dev/ttyACM0" }"""
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in table.items()) + " }"


def _value(value: str | int) -> str:
    """TOML writes texts and numbers as JSON does, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
