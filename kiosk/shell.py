"""The shell round the flow: events in, the flow decides, the screen is shown, effects are done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from hal.ports import DeviceFault, PaymentTerminal, TicketPrinter
from hal.screen.geometry import Panel
from kiosk.centre import Centre
from kiosk.clerk import Clerk, Tools
from kiosk.devices import Kept
from kiosk.flow import step
from kiosk.geometry import Laid
from kiosk.inputs import Input, KeyPress, Press, Quit, Touch, after_key, pressed
from kiosk.journal import Journal
from kiosk.layout import lay_out
from kiosk.sale import Abandoned, PaymentWanted
from kiosk.screens import screen
from kiosk.state import (
    Abandon,
    Begin,
    CatalogueLoaded,
    DaysLoaded,
    Effect,
    Event,
    Fault,
    Faulted,
    Healed,
    Load,
    LoadCatalogue,
    LoadDays,
    LoadFailed,
    LoadSlots,
    Pay,
    Pressed,
    Rules,
    SlotsLoaded,
    State,
    Tick,
    start,
)
from runtime.centre import CentreFault
from runtime.log import Repeats

log = logging.getLogger("wicket.kiosk")

TICK_S = 1.0


class VisitorScreen(Protocol):
    """What the visitor sees and touches."""

    panel: Panel

    def show(self, laid: Laid, focus: str | None = None) -> None: ...

    def inputs(self) -> AsyncIterator[Input]: ...


class Told(Protocol):
    """A function that hears the id of a ticket that is on paper."""

    async def __call__(self, ticket: int) -> None: ...


@dataclass(frozen=True)
class Parts:
    """What a kiosk is made of. `journal` and `centre` are open, the devices are not.

    `status` hears what is wrong (None: nothing) at every change. `closing` is given whom to tell
    when staff close the kiosk, and open it again.
    """

    rules: Rules
    payment_s: float
    journal: Journal
    centre: Centre
    terminal: PaymentTerminal
    printer: TicketPrinter
    display: VisitorScreen
    clock: Callable[[], datetime]
    printed: Told
    status: Callable[[str | None], None]
    closing: Callable[[Callable[[Event], None]], None] = lambda tell: None


async def run(parts: Parts) -> None:
    """Settle what the last run left open, then sell. Returns when the window is closed."""
    shell = Shell(parts)
    try:
        async with asyncio.TaskGroup() as group:
            await shell.live(group)
            raise _Closed
    except* _Closed:
        log.info("the window was closed")


class _Closed(Exception):
    """Ends the group."""


class Shell:
    """Holds the state. All that happens passes through one queue, in order."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._state = start(parts.rules, parts.clock())
        self._events: asyncio.Queue[Event | Input] = asyncio.Queue()
        self._focus: str | None = None
        self._laid = lay_out(screen(self._state), parts.display.panel)
        self._repeats = Repeats(log)
        self._status: tuple[str | None] | None = None

    def tell(self, event: Event) -> None:
        self._events.put_nowait(event)

    async def live(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        parts = self._parts
        terminal = Kept(parts.terminal, self._hear("terminal"))
        printer = Kept(parts.printer, self._hear("printer"))
        tools = Tools(parts.journal, parts.centre, terminal, printer, parts.clock, parts.printed)
        self._clerk = Clerk(tools, parts.payment_s, parts.rules.patience, group, self.tell)
        await self._clerk.recover()
        parts.closing(self.tell)
        group.create_task(terminal.run(), name="terminal")
        group.create_task(printer.run(), name="printer")
        group.create_task(self._listen(), name="inputs")
        group.create_task(self._tick(), name="ticks")
        await self._run()

    async def _run(self) -> None:
        self._show()
        while True:
            event = await self._events.get()
            match event:
                case Quit():
                    return
                case Touch(x, y):
                    self._focus = None
                    await self._take(Pressed(self._laid.at(x, y) or ""))
                case Press(widget):
                    self._focus = None
                    await self._take(Pressed(pressed(self._laid, widget)))
                case KeyPress(name):
                    await self._key(name)
                case _:
                    await self._take(event)

    async def _key(self, name: str) -> None:
        self._focus, widget = after_key(self._laid, self._focus, name)
        await self._take(Pressed(widget or ""))

    async def _take(self, event: Event) -> None:
        self._state, effects = step(self._state, event, self._parts.clock())
        self._show()
        self._tell_status(self._state)
        for effect in effects:
            await self._perform(effect)

    def _show(self) -> None:
        seen = screen(self._state)
        if seen != self._laid.screen:
            if seen.name != self._laid.screen.name:
                self._focus = None if self._focus is None else next(iter(seen.focus), None)
            self._laid = lay_out(seen, self._parts.display.panel)
        self._parts.display.show(self._laid, self._focus)

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case Begin(sale, order):
                await self._clerk.begin(sale, order)
            case Pay(sale, holder):
                await self._clerk.wish(sale, PaymentWanted(holder))
            case Abandon(sale, reason):
                await self._clerk.wish(sale, Abandoned(reason))
            case _:
                self._group.create_task(self._load(effect), name=type(effect).__name__)

    async def _load(self, effect: LoadCatalogue | Load) -> None:
        try:
            self.tell(await self._ask(effect))
            self._repeats.healed("central answers again")
        except CentreFault as fault:
            self._repeats.failed(str(fault))
            self.tell(LoadFailed(effect, Fault("central", fault.problem, fault.hint)))

    async def _ask(self, effect: LoadCatalogue | Load) -> Event:
        centre = self._parts.centre
        match effect:
            case LoadCatalogue():
                return CatalogueLoaded(await centre.catalogue())
            case LoadDays(attraction):
                return DaysLoaded(effect, await centre.days(attraction))
            case LoadSlots(attraction, day):
                return SlotsLoaded(effect, await centre.slots(attraction, day))

    def _hear(self, source: str) -> Callable[[DeviceFault | None], None]:
        """Tell the flow how a device is; until it is open it counts as away."""
        repeats = Repeats(log)
        self.tell(Faulted(Fault(source, "", "")))

        def hear(fault: DeviceFault | None) -> None:
            if fault is None:
                repeats.healed(f"{source} is well again")
                self.tell(Healed(source))
            else:
                repeats.failed(str(fault))
                self.tell(Faulted(Fault(source, fault.problem, fault.hint)))

        return hear

    async def _listen(self) -> None:
        async for told in self._parts.display.inputs():
            self._events.put_nowait(told)

    async def _tick(self) -> None:
        while True:
            self.tell(Tick())
            await asyncio.sleep(TICK_S)

    def _tell_status(self, state: State) -> None:
        wrong = describe(state)
        if self._status != (wrong,):
            self._status = (wrong,)
            self._parts.status(wrong)


def describe(state: State) -> str | None:
    """What keeps the kiosk from selling, for the office; None if nothing does."""
    if state.faults:
        return "; ".join(
            f"{f.source}: {f.problem}, {f.hint}" if f.problem else f"{f.source}: being opened"
            for f in state.faults
        )
    if state.catalogue is None:
        return "waiting for central"
    return "an earlier sale is being settled" if state.owing and state.sale_id is None else None


def status_payload(wrong: str | None, version: str) -> dict[str, Any]:
    return {"online": True, "out_of_order": wrong, "version": version}
