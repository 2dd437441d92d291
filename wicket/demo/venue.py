"""What the demo runs on: one state folder, free ports, and a configuration for every daemon."""

from __future__ import annotations

import json
import random
import secrets
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from wicket.demo.phone import GATEWAY

SITE = "sample"
MUSEUM_LANE, TOUR_LANE = "Museum 1", "Tour 1"
LANES = (MUSEUM_LANE, TOUR_LANE)
DESK = "desk-1"


UNHURRIED = "rate = { per_s = 1e6, burst = 1000000 }"
"""Robots and benchmarks buy faster than people."""


@dataclass(frozen=True)
class Demo:
    """`stages` is a folder with a short path (a Unix socket's may have 107 bytes)."""

    state: Path
    stages: Path
    central_port: int
    broker_port: int
    phone_port: int
    token: str
    """The office's token, with which the page looks at central."""

    @property
    def papers(self) -> Path:
        return self.state / "papers"

    @property
    def desk_papers(self) -> Path:
        return self.state / "desk-papers"

    def config(self, daemon: str) -> Path:
        return self.state / "config" / f"{daemon}.toml"

    def stage(self, daemon: str) -> Path:
        return self.stages / f"{daemon}.stage"

    @property
    def central_url(self) -> str:
        return f"http://127.0.0.1:{self.central_port}"

    @property
    def sms_url(self) -> str:
        return f"http://127.0.0.1:{self.phone_port}/sms"


def lay_out(state: Path, stages: Path) -> Demo:
    """Write the configuration of every daemon; what they stored before is left alone."""
    state = state.absolute()
    (state / "config").mkdir(parents=True, exist_ok=True)
    for papers in ("papers", "desk-papers"):
        (state / papers).mkdir(exist_ok=True)
    (state / "config").chmod(0o700)
    tokens = {name: secrets.token_hex(16) for name in ("kiosk-1", "gate-1", DESK, "office")}
    demo = Demo(state, stages, free_port(), free_port(), free_port(), tokens["office"])
    demo.config("central").write_text(_central(demo, tokens))
    demo.config("gate").write_text(_gate(demo, tokens["gate-1"]))
    demo.config("kiosk").write_text(_kiosk(demo, tokens["kiosk-1"]))
    demo.config("desk").write_text(_desk(demo, tokens[DESK]))
    (state / "config" / "mosquitto.conf").write_text(_mosquitto(demo))
    return demo


PORTS = range(10_100, 20_000)
"""Without 10080, to which browsers refuse to go."""
_PORTS = cycle(random.sample(PORTS, 1000))


def free_port() -> int:
    """A free port, another one each time, and none that the kernel gives to whoever asks for any:
    its daemon opens it later, and again after it was killed."""
    while True:
        port = next(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def samples() -> Path:
    """The folder config/ of the source tree, or where an installed wheel has put it."""
    tree = Path(__file__).parents[2] / "config"
    return tree if tree.is_dir() else Path(sys.prefix) / "share" / "wicket" / "config"


def _text(value: object) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(str(value), ensure_ascii=False)


def _mqtt(demo: Demo) -> str:
    return f'mqtt = {{ host = "127.0.0.1", port = {demo.broker_port} }}\n'


def _central(demo: Demo, tokens: dict[str, str]) -> str:
    devices = "".join(
        f'{name} = {{ token = {_text(token)}, kind = "{name.removesuffix("-1")}" }}\n'
        for name, token in tokens.items()
    )
    return (
        f"site = {_text(SITE)}\n"
        f"state = {_text(demo.state / 'central')}\n"
        f"venue = {_text(samples() / 'venue.toml')}\n"
        f"{_mqtt(demo)}"
        f'http = {{ host = "127.0.0.1", port = {demo.central_port}, {UNHURRIED} }}\n'
        f"public = {{ url = {_text(demo.central_url)} }}\n"
        f'sms = {{ country = "DE", http = {{ url = {_text(demo.sms_url)},'
        f' json = {_text(GATEWAY)}, ok = "/status=queued" }} }}\n'
        f"[devices]\n{devices}"
    )


def _gate(demo: Demo, token: str) -> str:
    return (
        f'device = "gate-1"\nsite = {_text(SITE)}\ntimezone = "Europe/Berlin"\n'
        f"state = {_text(demo.state / 'gate')}\n"
        f"stage = {_text(demo.stage('gate'))}\n"
        "record_within_s = 10.0\n"  # the disk of a laptop has more to do than that of a gate
        f"{_mqtt(demo)}"
        f"central = {{ url = {_text(demo.central_url)}, token = {_text(token)} }}\n"
        + _lane(MUSEUM_LANE, '"museum"')
        + _lane(TOUR_LANE, '"tour", "concert"')
    )


def _lane(name: str, attractions: str) -> str:
    return (
        f"[[lanes]]\nname = {_text(name)}\nattractions = [{attractions}]\n"
        'entry = { readers = [{ driver = "sim" }], displays = [{ driver = "sim" }] }\n'
        'turnstile = { driver = "tripod", latch_in = { driver = "sim" },'
        ' sensor = { driver = "sim" } }\n'
    )


def _kiosk(demo: Demo, token: str) -> str:
    return (
        f'device = "kiosk-1"\nsite = {_text(SITE)}\n'
        f"state = {_text(demo.state / 'kiosk')}\n"
        f"stage = {_text(demo.stage('kiosk'))}\n"
        f"{_mqtt(demo)}"
        f"central = {{ url = {_text(demo.central_url)}, token = {_text(token)} }}\n"
        'screen = { mode = "headless", width = 1280, height = 800 }\n'
        f'printer = {{ driver = "sim", folder = {_text(demo.papers)} }}\n'
        f'terminal = {{ driver = "sim", journal = {_text(demo.state / "terminal.jsonl")} }}\n'
    )


def _desk(demo: Demo, token: str) -> str:
    return (
        f"state = {_text(demo.state / 'desk')}\n"
        f"stage = {_text(demo.stage('desk'))}\n"
        f"central = {{ url = {_text(demo.central_url)}, token = {_text(token)} }}\n"
        'readers = [{ driver = "sim" }]\n'
        f'printer = {{ driver = "sim", folder = {_text(demo.desk_papers)} }}\n'
    )


def _mosquitto(demo: Demo) -> str:
    return (
        f"listener {demo.broker_port} 127.0.0.1\n"
        "allow_anonymous true\nset_tcp_nodelay true\npersistence false\nlog_type warning\n"
    )
