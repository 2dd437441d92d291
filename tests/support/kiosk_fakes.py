"""A kiosk's world without hardware: it outlives power cuts, which may come at any call.

`Mains.point` stands before and after everything that a kiosk does to the world. At the point
where it is told to, the power goes: the call does not return, and nothing works any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Self

from support.kiosk_sample import CATALOGUE, DAYS, NOW, RULES, SLOTS, euro, issued, reservation

from admission.values import Money
from hal.ports import Charged, DeviceFault, NotCharged, Slip, SlipCode
from hal.screen.geometry import Panel
from kiosk.geometry import Laid
from kiosk.goods import Catalogue, Day, Holder, IssuedTicket, Order, Refusal, Reservation, Slot
from kiosk.inputs import Input, Press
from kiosk.journal import tell
from kiosk.sale import Record, Sale
from kiosk.shell import Parts, run
from kiosk.widgets import Screen
from runtime.centre import CentreFault

LONGEST_S = 1800
"""Virtual seconds until a test gives up waiting."""


class PowerCut(BaseException):
    """The power is gone. No `except Exception` survives it."""


@dataclass
class Mains:
    """`cut_at` None means that the power stays."""

    cut_at: int | None = None
    points: int = 0

    def point(self) -> None:
        self.points += 1
        if self.cut_at is not None and self.points >= self.cut_at:
            raise PowerCut


@dataclass
class World:
    """What is outside the kiosk, as it is remembered there. Money is in `charges` by charge id."""

    approve: bool = True
    terminal_waits: bool = False
    """The visitor never holds a card to the terminal."""
    takes_when_cancelled: bool = False
    """The terminal takes the money in the moment in which the kiosk gives up."""
    down_from_charge_s: float = 0
    """So long central is away after a charge."""
    deaf: bool = False
    """Central does the first confirm and issue, but the answers get lost."""
    refuse_confirm: bool = False
    paper_out_s: float = 0
    sold_out_once: bool = False

    charges: dict[str, str] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Reservation] = field(default_factory=dict)
    confirmed_with: dict[str, Holder | None] = field(default_factory=dict)
    issued: dict[str, tuple[IssuedTicket, ...]] = field(default_factory=dict)
    paper: list[str] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    journal: list[tuple[str, Record]] = field(default_factory=list)
    down_until: float = 0
    lost: set[str] = field(default_factory=set)
    seconds: float = 0

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds + asyncio.get_running_loop().time())


class _Port:
    """What all fakes share: a world, and the mains that may fail."""

    def __init__(self, name: str, world: World, mains: Mains) -> None:
        self.name = name
        self.world = world
        self.mains = mains

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        pass

    @property
    def now(self) -> float:
        return self.world.seconds + asyncio.get_running_loop().time()


class MemoryJournal(_Port):
    async def write(self, sale: Sale, record: Record, at: datetime) -> None:
        self.mains.point()
        self.world.journal.append((sale.id, record))
        self.mains.point()

    def open_sales(self) -> list[Sale]:
        ids = dict.fromkeys(sale_id for sale_id, _ in self.world.journal)
        sales = [tell(i, [r for sale_id, r in self.world.journal if sale_id == i]) for i in ids]
        return [sale for sale in sales if not sale.closed]


class FakeTerminal(_Port):
    async def charge(self, charge_id: str, amount: Money) -> Charged | NotCharged:
        self.mains.point()
        assert charge_id not in self.world.charges, "charged twice under one id"
        try:
            await (asyncio.Event().wait() if self.world.terminal_waits else asyncio.sleep(3))
        except asyncio.CancelledError:
            if self.world.takes_when_cancelled:
                self._take(charge_id)
            raise
        if not self.world.approve:
            self.world.charges[charge_id] = "declined"
            self.mains.point()
            return NotCharged("declined")
        self._take(charge_id)
        self.mains.point()
        return Charged("SIM-1")

    def _take(self, charge_id: str) -> None:
        self.world.charges[charge_id] = "taken"
        self.world.down_until = self.now + self.world.down_from_charge_s

    async def outcome(self, charge_id: str) -> Charged | NotCharged:
        self.mains.point()
        taken = self.world.charges.get(charge_id) == "taken"
        return Charged("SIM-1") if taken else NotCharged("unknown")

    async def reverse(self, charge_id: str) -> None:
        self.mains.point()
        assert self.world.charges.get(charge_id) in ("taken", "reversed")
        self.world.charges[charge_id] = "reversed"
        self.mains.point()


class FakePrinter(_Port):
    """Without paper for the first `paper_out_s` seconds after it was first asked to print."""

    async def print(self, slip: Slip) -> None:
        self.mains.point()
        if self.world.paper_out_s:
            self.world.paper_out_s, out_s = 0, self.world.paper_out_s
            self.empty_until = self.now + out_s
        if self.now < getattr(self, "empty_until", 0):
            raise DeviceFault("printer", "no paper", "put in a new roll")
        codes = [part.data for part in slip.parts if isinstance(part, SlipCode)]
        self.world.paper += codes
        self.mains.point()


class FakeCentre(_Port):
    """Keeps the contract: keys make repeating harmless, cancelling ends everything."""

    async def _reach(self) -> None:
        self.mains.point()
        if self.now < self.world.down_until:
            await asyncio.sleep(5)
            raise CentreFault("no answer within 5 s", "is central running?")

    async def _answer(self, what: str) -> None:
        self.mains.point()
        if self.world.deaf and what not in self.world.lost:
            self.world.lost.add(what)
            raise CentreFault("connection lost", "is the network all right?")

    async def catalogue(self) -> Catalogue:
        await self._reach()
        return CATALOGUE

    async def days(self, attraction: str) -> tuple[Day, ...]:
        await self._reach()
        return DAYS

    async def slots(self, attraction: str, day: date) -> tuple[Slot, ...]:
        await self._reach()
        return SLOTS

    async def reserve(self, order: Order, key: str) -> Reservation | Refusal:
        await self._reach()
        if self.world.sold_out_once:
            self.world.sold_out_once = False
            return Refusal("no_room", left=0)
        token = f"token-{key}"
        self.world.requests.setdefault(token, "reserved")
        made = replace(reservation(euro("12.00")), token=token)
        answer = self.world.answers.setdefault(key, made)
        await self._answer("reserve")
        return answer

    async def confirm(
        self, token: str, reference: str, amount: Money, holder: Holder | None, key: str
    ) -> Refusal | None:
        await self._reach()
        if self.world.refuse_confirm:
            return Refusal("no_room", left=0)
        if self.world.requests[token] == "cancelled":
            return Refusal("cancelled")
        self.world.requests[token] = "confirmed"
        self.world.confirmed_with[token] = holder
        await self._answer("confirm")
        return None

    async def issue(self, token: str, key: str) -> tuple[IssuedTicket, ...] | Refusal:
        await self._reach()
        if self.world.requests[token] != "confirmed":
            return Refusal("not_confirmed")
        tickets = self.world.issued.setdefault(token, (issued(0), issued(1)))
        await self._answer("issue")
        return tickets

    async def slip(self, token: str, ticket: int) -> Slip | None:
        await self._reach()
        [found] = (one for one in self.world.issued[token] if one.id == ticket)
        return Slip((SlipCode(found.code, found.human_code),))

    async def cancel(self, token: str, reason: str, key: str) -> Refusal | None:
        await self._reach()
        self.world.requests[token] = "cancelled"
        await self._answer("cancel")
        return None


Visitor = Callable[[Screen], str | None]
"""What the visitor presses on a screen just shown; None to wait."""


class FakeDisplay:
    """Shows each new screen to the visitor."""

    def __init__(self, world: World, visitor: Visitor) -> None:
        self.panel = Panel(1280, 800)
        self._world = world
        self._visitor = visitor
        self._presses: asyncio.Queue[Input] = asyncio.Queue()
        self._last: Screen | None = None

    def show(self, laid: Laid, focus: str | None = None) -> None:
        if laid.screen == self._last:
            return
        self._last = laid.screen
        self._world.screens.append(laid.screen)
        widget = self._visitor(laid.screen)
        if widget is not None:
            self._presses.put_nowait(Press(widget))

    async def inputs(self) -> AsyncIterator[Input]:
        while True:
            yield await self._presses.get()


def parts(world: World, visitor: Visitor, mains: Mains) -> Parts:
    async def printed(ticket: int) -> None:
        mains.point()
        world.told.append(ticket)

    return Parts(
        rules=replace(RULES, boot=f"boot{len(world.journal)}"),
        payment_s=90,
        journal=MemoryJournal("journal", world, mains),
        centre=FakeCentre("central", world, mains),
        terminal=FakeTerminal("terminal", world, mains),
        printer=FakePrinter("printer", world, mains),
        display=FakeDisplay(world, visitor),
        clock=world.clock,
        printed=printed,
        status=lambda wrong: None,
    )


async def live(world: World, visitor: Visitor, mains: Mains, until: Callable[[], bool]) -> None:
    """Run a kiosk until `until`, looked at every second, or the power cut."""

    async def watch(kiosk: asyncio.Task[None]) -> None:
        for _ in range(LONGEST_S):
            await asyncio.sleep(1)
            if until():
                break
        kiosk.cancel()

    try:
        async with asyncio.TaskGroup() as group:
            kiosk = group.create_task(run(parts(world, visitor, mains)))
            group.create_task(watch(kiosk))
    except* PowerCut:
        pass
    finally:
        world.seconds += asyncio.get_running_loop().time()
