"""Whatever is cut off wherever, a sale ends in one of three ways and never in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from support import clock
from support.kiosk_fakes import Mains, World, live
from support.kiosk_visitor import Buyer, nobody

from kiosk.journal import tell

NOTHING, SOLD, REVERSED = "nothing charged", "charged and printed", "charged and reversed"


def outcome(world: World) -> str:
    """How the world stands; fails for anything between the three."""
    charges = [how for how in world.charges.values() if how != "declined"]
    tickets = [t.code for tickets in world.issued.values() for t in tickets]
    requests = set(world.requests.values())
    confirmed = [how for how in world.requests.values() if how == "confirmed"]
    if not charges:
        assert not world.paper
        assert requests <= {"cancelled"}
        return NOTHING
    if charges == ["taken"]:
        assert set(world.paper) == set(tickets) != set()
        assert requests <= {"confirmed", "cancelled"}
        assert len(confirmed) == 1
        assert set(world.told) == {t.id for ts in world.issued.values() for t in ts}
        return SOLD
    assert charges == ["reversed"]
    assert not world.paper
    assert requests == {"cancelled"}
    return REVERSED


def settled(world: World) -> bool:
    ids = {sale_id for sale_id, _ in world.journal}
    return all(tell(i, [r for s, r in world.journal if s == i]).closed for i in ids)


@dataclass(frozen=True)
class Story:
    """A visit. `ends` are the outcomes it may have, the uncut one first."""

    name: str
    world: Callable[[], World]
    buyer: Callable[[], Buyer]
    ends: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


STORIES = (
    Story("approve", World, Buyer, (SOLD, NOTHING, REVERSED)),
    Story("decline", lambda: World(approve=False), lambda: Buyer(declined="cancel"), (NOTHING,)),
    Story(
        "cancel at the terminal",
        lambda: World(terminal_waits=True),
        lambda: Buyer(payment="cancel"),
        (NOTHING,),
    ),
    Story(
        "taken in the moment of cancelling",
        lambda: World(terminal_waits=True, takes_when_cancelled=True),
        lambda: Buyer(payment="cancel"),
        (REVERSED, NOTHING),
    ),
    Story(
        "nobody pays, then taken in the last moment",
        lambda: World(terminal_waits=True, takes_when_cancelled=True),
        Buyer,
        (SOLD, NOTHING, REVERSED),
    ),
    Story(
        "central down for long",
        lambda: World(down_from_charge_s=300),
        Buyer,
        (REVERSED, NOTHING),
    ),
    Story(
        "central down for a moment",
        lambda: World(down_from_charge_s=20),
        Buyer,
        (SOLD, NOTHING, REVERSED),
    ),
    Story(
        "answers of central get lost",
        lambda: World(deaf=True),
        Buyer,
        (SOLD, NOTHING, REVERSED),
    ),
    Story(
        "central refuses what was paid",
        lambda: World(refuse_confirm=True),
        Buyer,
        (REVERSED, NOTHING),
    ),
    Story("no paper", lambda: World(paper_out_s=40), Buyer, (SOLD, NOTHING, REVERSED)),
)


def visit(story: Story, world: World, mains: Mains) -> None:
    """One visit until it is settled or the power goes."""

    def over() -> bool:
        return bool(world.journal) and settled(world)

    clock.run(live(world, story.buyer(), mains, over))


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_without_a_power_cut_the_visit_ends_as_it_should(story: Story) -> None:
    world = story.world()
    visit(story, world, Mains())
    assert settled(world)
    assert outcome(world) == story.ends[0]


@pytest.mark.parametrize("pause_s", [5, 900], ids=["back at once", "back later"])
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_power_cut_at_any_point_ends_in_one_of_three_ways(story: Story, pause_s: int) -> None:
    seen = set()
    for cut in range(1, 400):
        world = story.world()
        mains = Mains(cut_at=cut)
        visit(story, world, mains)
        if mains.points < cut:
            break
        world.seconds += pause_s
        clock.run(live(world, nobody, Mains(), partial(settled, world)))
        assert settled(world), f"open after a cut at point {cut}"
        seen.add(outcome(world))
    else:
        pytest.fail("the visit never got through")
    assert seen <= set(story.ends)


def test_power_cuts_do_reach_all_three_outcomes() -> None:
    """Else the test above would prove little."""
    seen = set()
    for pause_s in (5, 900):
        for cut in range(1, 60):
            world = World()
            visit(STORIES[0], world, Mains(cut_at=cut))
            world.seconds += pause_s
            clock.run(live(world, nobody, Mains(), partial(settled, world)))
            seen.add(outcome(world))
    assert seen == {NOTHING, SOLD, REVERSED}


@pytest.mark.parametrize("second", [1, 3, 6, 10])
def test_a_second_cut_during_the_recovery_changes_nothing(second: int) -> None:
    for cut in range(8, 60):
        world = World()
        visit(STORIES[0], world, Mains(cut_at=cut))
        world.seconds += 5
        clock.run(live(world, nobody, Mains(cut_at=second), lambda: False))
        world.seconds += 5
        clock.run(live(world, nobody, Mains(), partial(settled, world)))
        assert settled(world)
        outcome(world)
