"""A card terminal on the stage, with a memory of its own (hal.sim.charges).

Shows `{"phase": "idle" | "asking" | "approved" | "declined" | "reversed", "charge": …,
"amount": "12.00", "currency": "EUR", "mode": …}`. The cue `{"answer": "approve"}` or "decline"
answers at once; `{"mode": "approve" | "decline" | "dawdle"}` is what it does from then on by
itself: an idle terminal heeds it, and shows it, when it is next opened or asked to charge.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from admission.values import Money
from hal.ports import Charged, NotCharged
from hal.registry import Devices
from hal.sim.charges import ChargeBook

log = logging.getLogger("wicket.hal.sim")


class SimTerminal:
    @dataclass(frozen=True)
    class Options:
        """`journal`: the terminal's memory; without it a restart forgets every charge.
        `dawdle_s`: how long a visitor takes. `answer`: the first mode; "dawdle" waits for a cue."""

        journal: Path | None = None
        dawdle_s: float = 2.0
        answer: Literal["approve", "decline", "dawdle"] = "approve"

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._prop = devices.stage.prop(name)
        self._book = ChargeBook(options.journal)
        self._dawdle_s = options.dawdle_s
        self._mode: str = options.answer

    async def __aenter__(self) -> Self:
        self._book.load()
        self._heed_waiting()
        self._prop.show(phase="idle", mode=self._mode)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._prop.show(phase="idle")

    async def charge(self, charge_id: str, amount: Money) -> Charged | NotCharged:
        if known := self._book.get(charge_id):
            return known
        self._heed_waiting()
        self._prop.show(
            phase="asking", charge=charge_id, amount=str(amount.amount), currency=amount.currency
        )
        outcome: Charged | NotCharged = NotCharged("cancelled")
        try:
            approved = await self._approved()
            outcome = Charged(self._book.next_reference()) if approved else NotCharged("declined")
        finally:
            self._book.put(charge_id, outcome)
            self._prop.show(phase=_phase(outcome))
        return outcome

    async def outcome(self, charge_id: str) -> Charged | NotCharged:
        return self._book.get(charge_id) or NotCharged("unknown")

    async def reverse(self, charge_id: str) -> None:
        if isinstance(self._book.get(charge_id), Charged):
            self._book.put(charge_id, NotCharged("reversed"))
            self._prop.show(phase="reversed", charge=charge_id)

    async def _approved(self) -> bool:
        try:
            async with asyncio.timeout(self._patience_s()) as patience:
                async for cue in self._prop.cues():
                    match cue:
                        case {"answer": "approve" | "decline" as answer}:
                            return bool(answer == "approve")
                    self._heed(cue)
                    wait_s = self._patience_s()
                    now = asyncio.get_running_loop().time()
                    patience.reschedule(None if wait_s is None else now + wait_s)
        except TimeoutError:
            pass
        return self._mode == "approve"

    def _patience_s(self) -> float | None:
        return self._dawdle_s if self._mode in {"approve", "decline"} else None

    def _heed_waiting(self) -> None:
        for cue in self._prop.waiting():
            self._heed(cue)

    def _heed(self, cue: dict[str, Any]) -> None:
        match cue:
            case {"mode": "approve" | "decline" | "dawdle" as mode}:
                self._mode = mode
                self._prop.show(mode=mode)
            case {"answer": _}:
                log.warning("%s: an answer without a question is dropped", self.name)
            case _:
                log.warning("%s: no cue for a terminal: %.99s", self.name, cue)


def _phase(outcome: Charged | NotCharged) -> str:
    match outcome:
        case Charged():
            return "approved"
        case NotCharged("cancelled"):
            return "idle"
        case _:
            return "declined"
