"""What the gate's figures begin with: keys, a product, tickets, scanners, ledgers of any size."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from admission.codes import SigningKey, new_ticket_id, sign_ticket
from admission.facts import CENTRAL, Event, Fact, KeyPublished, ProductPublished
from admission.values import Entitlement, Product, Ticket, Window
from gate.ledger import SCHEMA, GateLedger, image_of
from gate.settings import GateSettings
from runtime.database import Database
from runtime.image import Scope, Told
from runtime.image_draft import Draft
from runtime.outbox import Outbox
from runtime.service import utc_now
from runtime.settings import load

ADULT = Product(1, "Museum adult", (Entitlement("museum"),))
OPENED = utc_now().replace(microsecond=0) - timedelta(days=1)
KEY = SigningKey(1, bytes(range(32)), OPENED)
VALID = Window(OPENED, OPENED + timedelta(days=3))
FEW = 1_000
_STEP = 0x5DEECE66D
"""Between two ticket ids of a ledger: odd, so that they differ in 63 bits, and lie anywhere."""

GATE = """\
device = "gate-1"
site = "bench"
timezone = "Europe/Berlin"
state = "{state}"
central = {{ url = "http://127.0.0.1:9", token = "nobody-answers-there" }}
policy = {{ untrusted_clock = "admit" }}
mqtt = {{ port = 9 }}
"""
"""Nothing listens on port 9: it is alone, as in its first second."""
LANE = """\
[[lanes]]
name = "{name}"
attractions = ["museum"]
turnstile = {{ driver = "tripod", latch_in = {{ driver = "sim" }}, sensor = {{ driver = "sim" }} }}
[lanes.entry]
readers = [{{ driver = "serial", port = "{port}" }}]
displays = [{{ driver = "{display}" }}]
"""


@dataclass(frozen=True)
class Scanner:
    """A pseudo terminal; `port` is the gate's end."""

    port: str
    fd: int

    def scan(self, code: str) -> None:
        os.write(self.fd, code.encode() + b"\r")


@contextmanager
def scanner() -> Iterator[Scanner]:
    here, there = os.openpty()
    try:
        yield Scanner(os.ttyname(there), here)
    finally:
        os.close(here)
        os.close(there)


def lane_name(number: int) -> str:
    return f"North {number}"


def fresh_code(key: SigningKey = KEY) -> str:
    """A signed code that no gate has heard of."""
    return sign_ticket(key, Ticket(new_ticket_id(), ADULT.id, VALID))


def listed_code(number: int) -> str:
    """The signed code of the ticket with this number in every ledger that has so many."""
    return sign_ticket(KEY, Ticket(_listed_id(number), ADULT.id, VALID))


def lay_out_gate(folder: Path, ports: Sequence[str], display: str) -> Path:
    """Write the configuration of a gate with a lane for each port; its path."""
    folder.mkdir(exist_ok=True)
    config = folder / "gate.toml"
    lanes = [
        LANE.format(name=lane_name(number), port=port, display=display)
        for number, port in enumerate(ports, 1)
    ]
    config.write_text(GATE.format(state=folder / "gate") + "".join(lanes))
    return config


async def fill_ledger(config: Path, tickets: int = 0, keys: Sequence[SigningKey] = (KEY,)) -> None:
    """Let the gate know keys, product and so many tickets, as if central had told it before."""
    settings = load(config, GateSettings)
    events: list[Event] = [ProductPublished(ADULT), *(KeyPublished(key.issuer) for key in keys)]
    facts = [Fact(CENTRAL, n, OPENED, event) for n, event in enumerate(events, start=1)]
    path = settings.state / "gate.db"
    path.parent.mkdir(exist_ok=True)
    if tickets:
        _copy_of_large(image_of(path), tickets)
    async with Database(path, SCHEMA) as database:
        ledger = GateLedger(database, Outbox(database, settings.device))
        await ledger.fold(facts, len(facts))
        if ledger.image:
            await ledger.rest_on(ledger.image.told)


def _listed_id(number: int) -> int:
    return (number + 1) * _STEP % (1 << 63)


def _copy_of_large(path: Path, tickets: int) -> None:
    """Their image. To make one takes seconds: it is made once, in the folder of all. Each copy is
    flushed, lest the kernel write it out while something is measured."""
    large = path.parents[3] / f"{tickets}-tickets.image"
    if not large.exists():
        draft = Draft()
        sort = draft.sort_of(Ticket(1, ADULT.id, VALID))
        for number in range(tickets):
            draft.add(_listed_id(number), sort)
        draft.sort()
        told = Told("bench", 1, 2, OPENED, Scope(("museum",)))
        large.write_bytes(b"".join(draft.finish(told, KEY.id, KEY.sign)))
    shutil.copyfile(large, path)
    with path.open("rb") as copy:
        os.fsync(copy.fileno())
