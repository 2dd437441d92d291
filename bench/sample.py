"""What the gate's figures begin with: a key, a product, fresh tickets, a scanner, a ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from admission.codes import SigningKey, new_ticket_id, sign_ticket
from admission.facts import CENTRAL, Event, Fact, KeyPublished, ProductPublished
from admission.values import Entitlement, Product, Ticket, Window
from gate.ledger import SCHEMA, GateLedger
from gate.settings import GateSettings
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.service import utc_now
from runtime.settings import load

LANE = "North 1"
ADULT = Product(1, "Museum adult", (Entitlement("museum"),))
OPENED = utc_now().replace(microsecond=0) - timedelta(days=1)
KEY = SigningKey(1, bytes(range(32)), OPENED)
VALID = Window(OPENED, OPENED + timedelta(days=3))

CONFIG = """\
device = "gate-1"
site = "bench"
timezone = "Europe/Berlin"
state = "{state}"
central = {{ url = "http://127.0.0.1:9", token = "nobody-answers-there" }}
mqtt = {{ port = 9 }}
[[lanes]]
name = "{lane}"
attractions = ["museum"]
turnstile = {{ driver = "tripod", latch_in = {{ driver = "sim" }}, sensor = {{ driver = "sim" }} }}
[lanes.entry]
readers = [{{ driver = "serial", port = "{port}" }}]
displays = [{{ driver = "{display}" }}]
"""
"""A gate with one lane. Nothing listens on port 9: it is alone, as in its first second."""


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


def fresh_code() -> str:
    """A signed code that no gate has heard of."""
    return sign_ticket(KEY, Ticket(new_ticket_id(), ADULT.id, VALID))


def lay_out_gate(folder: Path, port: str, display: str) -> Path:
    """Write the configuration of a gate that reads from `port`; its path."""
    config = folder / "gate.toml"
    state = folder / "gate"
    config.write_text(CONFIG.format(state=state, lane=LANE, port=port, display=display))
    return config


async def fill_ledger(config: Path) -> None:
    """Let the gate know key and product, as if central had told it before."""
    settings = load(config, GateSettings)
    events: list[Event] = [KeyPublished(KEY.issuer), ProductPublished(ADULT)]
    facts = [Fact(CENTRAL, n, OPENED, event) for n, event in enumerate(events, start=1)]
    async with Database(settings.state / "gate.db", SCHEMA) as database:
        await GateLedger(database, Outbox(database, settings.device)).fold(facts, len(facts))
