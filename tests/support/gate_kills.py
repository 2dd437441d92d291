"""kill -9 of a whole gate while visitors enter: each barrier released is in the journal once."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.crash import Outcome, is_sound
from support.gate import DEVICE, memory_in, told_in
from support.program import ROOT

from admission.codes import SigningKey, new_ticket_id, sign_ticket
from admission.facts import CENTRAL, Admitted, Fact, KeyPublished, ProductPublished
from admission.values import Entitlement, Product, Ticket, Window
from runtime.service import utc_now
from wicket.demo.stagehand import Stagehand

MOST = 25
"""Changes on the stage before a kill, at most; a visit has about eight."""
LATCH, DISPLAY = "North.turnstile.latch_in", "North.display"
ADULT = Product(1, "Museum adult", (Entitlement("museum"),))
CONFIG = """\
device = "{device}"
site = "kills"
timezone = "Europe/Berlin"
state = "{state}"
stage = "{stage}"
record_within_s = 10.0
central = {{ url = "http://127.0.0.1:9", token = "nobody-answers-there" }}
policy = {{ untrusted_clock = "admit" }}
mqtt = {{ port = 9 }}
[[lanes]]
name = "North"
attractions = ["museum"]
turnstile = {{ driver = "tripod", latch_in = {{ driver = "sim" }}, sensor = {{ driver = "sim" }} }}
[lanes.entry]
readers = [{{ driver = "sim" }}]
displays = [{{ driver = "sim" }}]
"""


async def gate_kills(folder: Path, number: int, seed: int = 1) -> Outcome:
    dice = random.Random(seed)
    outcome = Outcome()
    opened = utc_now() - timedelta(days=1)
    key = SigningKey(1, bytes(range(32)), opened)
    facts = [KeyPublished(key.issuer), ProductPublished(ADULT)]
    async with memory_in(folder) as (ledger, _):
        await ledger.fold([Fact(CENTRAL, n, opened, event) for n, event in enumerate(facts, 1)])
    config = folder / "gate.toml"
    released: list[int] = []
    with tempfile.TemporaryDirectory() as short:
        stage = Path(short) / "gate.stage"
        config.write_text(CONFIG.format(device=DEVICE, state=folder, stage=stage))
        for _ in range(number):
            released += await _one_life(config, stage, key, dice.randrange(1, MOST))
            outcome.crashes += 1
    entries = Counter(event.ticket for event in told_in(folder) if isinstance(event, Admitted))
    outcome.acknowledged = len(released)
    outcome.lost = sum(ticket not in entries for ticket in released)
    outcome.double = sum(entries[ticket] - 1 for ticket in released if ticket in entries)
    outcome.corrupt = int(not is_sound(folder / "gate.db"))
    return outcome


async def _one_life(config: Path, stage: Path, key: SigningKey, changes: int) -> list[int]:
    """Visitors enter until the stage has changed so often; the tickets that it was opened for."""
    released: list[int] = []
    ticket = 0
    countdown = asyncio.Semaphore(0)

    def heard(device: str, state: dict[str, Any]) -> None:
        if device == LATCH and state.get("on"):
            released.append(ticket)
        if ticket:
            countdown.release()

    hand = Stagehand(stage, heard)
    command = [sys.executable, "-m", "wicket", "gate", "--config", str(config)]
    gate = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )

    async def visit() -> None:
        nonlocal ticket
        while True:
            await hand.wait(lambda states: states.get(DISPLAY, {}).get("tone") == "idle")
            ticket = new_ticket_id()
            window = Window(key.valid_from, key.valid_from + timedelta(days=3))
            await hand.cue("North.reader", scan=sign_ticket(key, Ticket(ticket, ADULT.id, window)))
            await hand.wait(lambda states: states.get(LATCH, {}).get("on") is True)
            await hand.cue("North.turnstile.sensor", pulse=True)
            await hand.wait(lambda states: states.get(LATCH, {}).get("on") is False)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        at_work = [group.create_task(hand.run()), group.create_task(visit())]
        for _ in range(changes):
            await countdown.acquire()
        gate.kill()
        await gate.wait()
        await hand.gone()
        for task in at_work:
            task.cancel()
    stage.unlink()
    return released
