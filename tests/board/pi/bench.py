"""The gate on a virtual Raspberry Pi: what the relay's pin does, as seen from outside the machine.

bench.py PARTS: run by scripts/bench-board. Ends with an AssertionError when a pin is wrong.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from support.gate import memory_in, told_in
from support.samples import MUSEUM, PRODUCTS
from virtual_pi import VirtualPi, powered

from admission.codes import SigningKey, human_code, sign_ticket
from admission.facts import (
    CENTRAL,
    Admitted,
    Fact,
    KeyPublished,
    Lapsed,
    Passed,
    ProductPublished,
    TicketIssued,
)
from admission.values import Ticket, Window

PIN = 17
PULSE_S = 0.5
IDLE = "[idle] Please scan your ticket"
CARD_BYTES = 64 << 20
KEY = SigningKey(1, bytes(range(32)), datetime(1970, 1, 1, tzinfo=UTC))
ALWAYS = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
"""The Pi has no clock: it is 1970 there."""
TICKETS = [Ticket(id_, MUSEUM.id, ALWAYS) for id_ in range(1, 6)]


def say(text: str) -> None:
    print(f"           * {text}", flush=True)


async def fill(state: Path) -> None:
    events = [
        KeyPublished(KEY.issuer),
        *(ProductPublished(product) for product in PRODUCTS),
        *(TicketIssued(ticket) for ticket in TICKETS),
    ]
    async with memory_in(state) as (ledger, _):
        await ledger.fold(
            Fact(CENTRAL, n, ALWAYS.start, event) for n, event in enumerate(events, start=1)
        )


def make_card(folder: Path) -> Path:
    """An SD card with the gate's memory."""
    card, content = folder / "card", folder / "content"
    asyncio.run(fill(content / "gate"))
    with card.open("wb") as file:
        file.truncate(CARD_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", content, card], check=True)
    return card


def read_card(card: Path, folder: Path) -> list[object]:
    """What the gate had stored, after the journals of ext4 and SQLite have been played back."""
    subprocess.run(["e2fsck", "-p", card], check=False, stdout=subprocess.DEVNULL)
    folder.mkdir()
    dump = f"rdump /gate {folder}"
    subprocess.run(["debugfs", "-R", dump, card], check=True, stderr=subprocess.DEVNULL)
    return list(told_in(folder / "gate"))


def boot(pi: VirtualPi) -> None:
    pi.plug_scanner()
    pi.until_said(IDLE)
    assert not pi.changes, f"the relay was on before anybody asked for it: {pi.changes}"
    say(f"relay off from power-on until the gate was ready ({pi.looks} looks at the pin)")


def pulse(pi: VirtualPi, code: str) -> None:
    heard = len(pi.lines)
    asked = pi.now
    pi.scan(code)
    on = pi.until_pin(on=True)
    off = pi.until_pin(on=False)
    say(f"scanned; relay on {on - asked:.3f} s later, for {off - on:.3f} s (asked: {PULSE_S} s)")
    assert abs(off - on - PULSE_S) < 0.2
    pi.until_said(IDLE, heard)


def enter(pi: VirtualPi, code: str) -> None:
    """The rotation lets go of the relay."""
    heard = len(pi.lines)
    pi.scan(code)
    on = pi.until_pin(on=True)
    pi.turned = True
    off = pi.until_pin(on=False)
    pi.until_said(IDLE, heard)
    pi.turned = False
    say(f"scanned; relay on; the arm turned, off after {off - on:.3f} s, the lane is idle again")


def main() -> None:
    parts = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        card = make_card(folder)
        say("first power-on")
        with powered(parts, card, folder / "first", PIN) as pi:
            boot(pi)
            enter(pi, sign_ticket(KEY, TICKETS[4]))
            pulse(pi, sign_ticket(KEY, TICKETS[0]))
            pi.until_said("gives no feed")
            pulse(pi, human_code(TICKETS[1].id))
            heard = len(pi.lines)
            pi.scan(human_code(TICKETS[2].id))
            on = pi.until_pin(on=True)
            pi.say("kill")
            off = pi.until_pin(on=False)
            say(f"kill -9 of the gate while the relay was on; off {off - on:.3f} s after it was on")
            heard = pi.until_said("gate ended with 137", heard)
            pi.until_said("was interrupted; 1 given back", heard)
            pi.until_said("gives no feed", heard)
            assert not pi.on
            pulse(pi, human_code(TICKETS[2].id))
            pi.scan(human_code(TICKETS[3].id))
            pi.until_pin(on=True)
            rises = sum(change.on for change in pi.changes)
        say("power cut while the relay was on")
        told = read_card(card, folder / "after")
        admitted = [event for event in told if isinstance(event, Admitted)]
        lapsed = [event for event in told if isinstance(event, Lapsed)]
        walked = [event.ticket for event in told if isinstance(event, Passed)]
        say(
            f"relay on {rises} times; on the card {len(admitted)} entries, {len(walked)} walked, "
            f"{len(lapsed)} lapsed"
        )
        assert len(admitted) == rises == 6
        assert walked == [TICKETS[4].id]
        say("second power-on")
        with powered(parts, card, folder / "second", PIN) as pi:
            boot(pi)
            pi.until_said("was interrupted; 1 given back")
            pi.until_said("gives no feed")
            pulse(pi, human_code(TICKETS[3].id))
    say("all as it should be")


main()
