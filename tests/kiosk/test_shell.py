"""The shell with fakes of our own ports on a virtual clock: faults heal, the status is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import groupby

import pytest
from support import clock
from support.kiosk_fakes import FakeCentre, FakeDisplay, FakePrinter, Mains, World, live, parts
from support.kiosk_sample import NOW
from support.kiosk_visitor import Buyer, nobody

from hal.ports import DeviceFault, Slip
from kiosk.devices import Kept
from kiosk.geometry import Laid
from kiosk.inputs import Input, KeyPress, Quit, Touch
from kiosk.screens import screen
from kiosk.shell import run
from kiosk.state import Fault, Rules, start
from kiosk.widgets import Hero, Screen
from runtime.centre import CentreFault


class LooseCable(FakePrinter):
    """Cannot be opened the first `failures` times."""

    failures = 3

    async def __aenter__(self) -> LooseCable:
        if self.failures:
            self.failures -= 1
            raise DeviceFault("printer", "not found", "plug it in")
        return self


def names(world: World) -> list[str]:
    """The screens as a visitor counts them: the same one with other words is the same one."""
    return [name for name, _ in groupby(screen.name for screen in world.screens)]


class WithoutDesign(FakeCentre):
    """Sells, and is away whenever it is to say how a ticket looks."""

    asked = 0

    async def slip(self, token: str, ticket: int) -> Slip | None:
        self.asked += 1
        raise CentreFault("no answer within 5 s", "is the network slow or central busy?")


async def until_shown(kiosk: asyncio.Task[None], world: World, name: str) -> None:
    for _ in range(600):
        await asyncio.sleep(1)
        if names(world)[-1:] == [name]:
            break
    kiosk.cancel()


def test_a_device_that_cannot_be_opened_puts_the_kiosk_out_of_order_until_it_can() -> None:
    world = World()
    told: list[str | None] = []

    async def main() -> None:
        mended = replace(
            parts(world, nobody, Mains()),
            printer=LooseCable("printer", world, Mains()),
            status=told.append,
        )
        async with asyncio.TaskGroup() as group:
            kiosk = group.create_task(run(mended))
            group.create_task(until_shown(kiosk, world, "start"))

    clock.run(main())
    assert names(world)[-1] == "start"
    assert any("cannot print" in screen.spoken for screen in world.screens)
    assert "printer: not found, plug it in" in told
    assert told[-1] is None


def test_where_central_does_not_say_how_a_ticket_looks_the_kiosk_prints_its_own() -> None:
    world = World()
    centre = WithoutDesign("central", world, Mains())

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            kiosk = group.create_task(run(replace(parts(world, Buyer(), Mains()), centre=centre)))
            group.create_task(until_shown(kiosk, world, "thanks"))

    clock.run(main())
    assert world.paper == [one.code for [sold] in [world.issued.values()] for one in sold]
    assert len(world.paper) == 2
    assert centre.asked == 1


def test_without_paper_the_visitor_sees_codes_and_later_gets_the_paper() -> None:
    world = World(paper_out_s=30)
    clock.run(live(world, Buyer(), Mains(), lambda: len(world.paper) == 2))
    assert "paper" in names(world)
    assert len(world.paper) == 2


def test_a_visitor_without_paper_leaves_and_the_next_one_waits_for_the_printer() -> None:
    world = World(paper_out_s=120)
    buyer = Buyer(paper="done")
    clock.run(live(world, buyer, Mains(), lambda: names(world)[-2:] == ["out_of_order", "start"]))
    assert names(world)[-3:] == ["paper", "out_of_order", "start"]
    assert len(world.paper) == 2


def test_a_long_outage_after_paying_ends_with_the_money_given_back() -> None:
    world = World(down_from_charge_s=400)
    clock.run(live(world, Buyer(), Mains(), lambda: "cancelled" in world.requests.values()))
    assert "sorry" in names(world)
    assert list(world.charges.values()) == ["reversed"]
    assert world.seconds > 400


def test_somebody_else_was_faster() -> None:
    world = World(sold_out_once=True)
    clock.run(live(world, Buyer(), Mains(), lambda: len(world.paper) == 2))
    assert any("Somebody was faster" in screen.notice for screen in world.screens)


class Hands(FakeDisplay):
    """Gives the inputs it was given, one after each new screen or answer."""

    def __init__(self, world: World, inputs: list[Input]) -> None:
        super().__init__(world, nobody)
        self._given = inputs
        self._began = False

    def show(self, laid: Laid, focus: str | None = None) -> None:
        super().show(laid, focus)
        self.focus = focus
        if self._last is not None and self._last.name == "start" and not self._began:
            self._began = True
            for told in self._given:
                self._presses.put_nowait(told)


def play(inputs: list[Input]) -> tuple[World, Hands]:
    """A kiosk whose window is closed after these inputs."""
    world = World()
    hands = Hands(world, [*inputs, Quit()])
    clock.run(run(replace(parts(world, nobody, Mains()), display=hands)))
    return world, hands


def test_closing_the_window_ends_the_kiosk() -> None:
    world, _ = play([])
    assert names(world)[-1] == "start"


def test_keys_move_the_focus_and_press() -> None:
    world, hands = play([KeyPress("tab"), KeyPress("tab"), KeyPress("tab")])
    assert hands.focus == "lang:de"
    world, hands = play([KeyPress("tab"), KeyPress("tab"), KeyPress("tab"), KeyPress("return")])
    assert "Hier Tickets kaufen" in world.screens[-1].spoken


def test_a_touch_takes_the_focus_ring_away() -> None:
    _, hands = play([KeyPress("tab"), KeyPress("tab"), Touch(640, 790)])
    assert hands.focus is None


def test_a_touch_anywhere_begins() -> None:
    world, _ = play([Touch(3, 3)])
    assert names(world)[-1] == "attraction"


def test_a_device_that_failed_in_use_is_well_only_when_a_use_has_worked() -> None:
    heard: list[str | None] = []

    async def fail(device: FakePrinter) -> None:
        raise DeviceFault("printer", "no paper", "put in a new roll")

    async def work(device: FakePrinter) -> str:
        return "printed"

    async def main() -> None:
        printer = FakePrinter("printer", World(), Mains())
        kept = Kept(printer, lambda fault: heard.append(fault.problem if fault else None))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(kept.run())
            with pytest.raises(DeviceFault, match="no paper"):
                await kept.use(fail)
            with pytest.raises(DeviceFault, match="no paper"):
                await kept.use(work)
            await asyncio.sleep(10)
            assert heard == [None, "no paper"]
            assert await kept.use(work) == "printed"
            running.cancel()

    clock.run(main())
    assert heard == [None, "no paper", None]


def test_an_unopened_device_is_no_fault_to_a_visitor() -> None:
    state = replace(start(Rules("k", "b"), NOW), faults=(Fault("printer", "", ""),))
    shown: Screen = screen(state)
    assert isinstance(shown.body, Hero)
    assert "getting ready" in shown.spoken
