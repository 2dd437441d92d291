"""What must be so once everything is healed and has settled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from support.partition_central import ONCE, THRICE
from support.partition_nodes import ZONE, GateNode

from admission.facts import Admitted, Clash, Conflicted, Fact, Lapsed
from admission.ledger import Ledger
from runtime.wire import fact_from_data

if TYPE_CHECKING:
    from support.partition_visitors import Visitors
    from support.partition_world import World

USES = {ONCE.id: 1, THRICE.id: 3}
"""Products for which this file counts by itself, without the code under test."""


def check_all(world: World, visitors: Visitors) -> None:
    told = [fact_from_data(data) for data in world.central.facts()]
    for name in sorted(world.broker.doubled):
        world.wrong(f"{name} says that somebody else has its name")
    _nothing_lost(world, visitors, told)
    _all_agree(world, told)
    if not world.central.put_back:
        _each_conflict_once(world, visitors, told)


def _nothing_lost(world: World, visitors: Visitors, told: list[Fact]) -> None:
    """What is on a device's disk central has exactly once, and nothing else in its name."""
    taken: dict[str, list[Fact]] = defaultdict(list)
    for fact in told:
        taken[fact.device].append(fact)
    for node in world.nodes:
        own = node.own()
        if taken[node.name] != own:
            missing = sorted({f.number for f in own} - {f.number for f in taken[node.name]})
            world.wrong(
                f"central has {len(taken[node.name])} facts of {node.name}, not the {len(own)} on"
                f" its disk; it lacks {missing[:9]}"
            )
    known = {(fact.device, fact.number) for fact in told if isinstance(fact.event, Admitted)}
    for entry in visitors.entries:
        if (entry.gate, entry.fact.number) not in known:
            world.wrong(f"lost: entry {entry.fact.number} of {entry.gate}, which was let in")


def _all_agree(world: World, told: list[Fact]) -> None:
    """Each gate's view is that of all facts together."""
    model = Ledger()
    for fact in told:
        model.fold(fact)
    tickets = {fact.ticket for fact in told if fact.ticket is not None}
    for gate in world.gates:
        ledger = gate.ledger
        for id_ in sorted(tickets):
            _same(world, gate, f"ticket {id_}", ledger.ticket(id_), model.ticket(id_))
            ours, theirs = ledger.history(id_), model.history(id_)
            for part in ("uses", "exits", "forgiven"):
                left, right = (sorted(map(repr, getattr(h, part))) for h in (ours, theirs))
                _same(world, gate, f"{part} of {id_}", left, right)
        _same(world, gate, "head count", ledger.counted().get(ZONE, 0), model.present(ZONE))
        for product in {f.event.product.id for f in told if hasattr(f.event, "product")}:
            _same(
                world, gate, f"product {product}", ledger.product(product), model.product(product)
            )
        for key in {f.event.key.id for f in told if hasattr(f.event, "key")}:
            _same(world, gate, f"key {key}", ledger.issuer(key), model.issuer(key))


def _same(world: World, gate: GateNode, what: str, found: Any, meant: Any) -> None:
    if found != meant:
        world.wrong(f"{gate.name} does not agree: {what} is {found}, not {meant}")


def _each_conflict_once(world: World, visitors: Visitors, told: list[Fact]) -> None:
    reported = Counter(
        (fact.event.sides[0].device, fact.event.sides[0].number)
        for fact in told
        if isinstance(fact.event, Conflicted) and fact.event.clash is Clash.TWICE
    )
    world.outcome.deeds["conflicts"] += sum(reported.values())
    for side, times in reported.items():
        if times > 1:
            world.wrong(f"conflict {side} is reported {times} times")
    for ticket in visitors.tickets:
        if ticket.product not in USES:
            continue
        about = [fact for fact in told if fact.ticket == ticket.id]
        beyond = set(_beyond(about, USES[ticket.product] * ticket.persons))
        said = {side for side in reported if any((f.device, f.number) == side for f in about)}
        lapsed = any(isinstance(fact.event, Lapsed) for fact in about)
        if beyond - said or (said - beyond and not lapsed):
            world.wrong(f"conflicts of {ticket.id}: {sorted(said)} reported, {sorted(beyond)} are")


def _beyond(facts: Iterable[Fact], allowed: int) -> Iterable[tuple[str, int]]:
    """The admissions, by the time they happened, for which nothing was left."""
    facts = list(facts)
    back: Counter[tuple[str, int]] = Counter()
    for fact in facts:
        if isinstance(fact.event, Lapsed):
            back[fact.device, fact.event.admission] += fact.event.persons
    entered = 0
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.device, fact.number)):
        if isinstance(fact.event, Admitted) and not fact.event.again:
            walked = fact.event.persons - back[fact.device, fact.number]
            if walked > 0 and entered + walked > allowed:
                yield fact.device, fact.number
            entered += max(0, walked)
