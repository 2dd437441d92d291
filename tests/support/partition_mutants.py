"""Programs with one mistake each: the partition simulator must find every one of them, or it proves
nothing. A mutant is what replaces which attribute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from admission import decide
from admission.facts import Fact
from central.watch import clashes
from gate import counts, hearing, standing, sync
from runtime import outbox
from runtime.bus import Bus
from runtime.outbox import Outbox, Standing
from runtime.wire import decode


class _Forgetful:
    """A bus whose PUBACK is taken for central's ack."""

    def __init__(self, bus: Bus, box: Outbox) -> None:
        self._bus = bus
        self._box = box

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        taken = await self._bus.publish(topic, payload, retain=retain)
        if taken:
            await self._box.acknowledge(decode(payload)["facts"][-1]["number"])
        return taken


_deliver, _agree = Outbox.deliver, Outbox.agree
_report = clashes.report


async def _forget(box: Outbox, bus: Any, topic: str) -> None:
    await _deliver(box, _Forgetful(bus, box), topic)  # type: ignore[arg-type]


async def _never_back(box: Outbox, said: Standing, before: int) -> None:
    await _agree(box, Standing(max(said.taken or 0, before), said.epoch), before)


async def _deaf(*_: Any) -> None:
    pass


def _report_twice(connection: Any, found: Any, now: Any, zone: Any) -> None:
    _report(connection, found, now, zone)
    for told in found:
        clashes.feed.tell(connection, [told], now)


def _count_all(connection: Any, fact: Fact, times: int = 1) -> None:
    for zone, persons in counts.moves(fact.event):
        connection.execute(counts._MOVE, (zone, times * persons))


async def _take_whatever(heard: hearing.Hearing, entries: Any) -> None:
    facts, _ = await hearing._readable(entry.fact for entry in entries)
    await heard._ledger.fold(facts)
    last = max((entry.n for entry in entries), default=0)
    if last > heard._ledger.cursor:
        await heard._ledger.fold((), last)


async def _jump(box: sync.Sync, batch: Any) -> None:
    await box._hearing.take_feed(batch.entries)


_ALWAYS_NEWER = standing._KEEP_TICKET.replace("excluded.n >= n", "TRUE")
_NO_POLICY = tuple(pair for pair in decide._WAY_IN if pair[0] != "in touch")

Mutant = tuple[tuple[Any, str, Any], ...]
MUTANTS: dict[str, Mutant] = {
    "the outbox forgets on PUBACK": ((Outbox, "deliver", _forget),),
    "the outbox never sends again": ((outbox, "RESEND_S", 1e9),),
    "an ack counts though central lost it": ((Outbox, "agree", _never_back),),
    "a gate does not fold others' facts": ((hearing.Hearing, "take_told", _deaf),),
    "a gap in the feed is not noticed": ((sync.Sync, "_take_batch", _jump),),
    "older tickets come back": (
        (standing, "_KEEP_TICKET", _ALWAYS_NEWER),
        (hearing.Hearing, "take_feed", _take_whatever),
    ),
    "what a snapshot counted is counted again": ((counts, "fold", _count_all),),
    "conflicts are not reported": ((clashes, "find", lambda *_: None),),
    "conflicts are reported twice": ((clashes, "report", _report_twice),),
    "cut-off policies are not heeded": ((decide, "_WAY_IN", _NO_POLICY),),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    originals = [
        (where, attribute, getattr(where, attribute)) for where, attribute, _ in MUTANTS[name]
    ]
    for where, attribute, mutant in MUTANTS[name]:
        setattr(where, attribute, mutant)
    try:
        yield
    finally:
        for where, attribute, original in originals:
            setattr(where, attribute, original)
