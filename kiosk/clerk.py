"""The clerk carries sales to their end: asks kiosk.sale what is next, writes it down, does it.

One task a sale; a fault is told and tried again. Nothing is done before the journal has it, and
no record is believed before the journal has it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hal.ports import Charged, DeviceFault, NotCharged, PaymentTerminal, Slip, TicketPrinter
from kiosk import sale as deeds
from kiosk.centre import Centre
from kiosk.devices import Kept
from kiosk.goods import IssuedTicket, Order, Refusal
from kiosk.journal import Journal
from kiosk.recovery import recover
from kiosk.sale import Record, Sale, Todo, fold, price, todo
from kiosk.slip import ticket_slip
from kiosk.state import Event, Fault, Owing, SaleIs, SaleStuck
from runtime.centre import CentreFault
from runtime.log import Repeats

log = logging.getLogger("wicket.kiosk.clerk")

RETRY_S = 2.0


@dataclass(frozen=True)
class Tools:
    """What the clerk works with. `printed` hears the id of each ticket that is on paper."""

    journal: Journal
    centre: Centre
    terminal: Kept[PaymentTerminal]
    printer: Kept[TicketPrinter]
    clock: Callable[[], datetime]
    printed: Callable[[int], Awaitable[None]]


@dataclass
class _Desk:
    """One open sale. `limit` ends the charge that is running, if one is. `own_slips`: central was
    asked for one in vain, and is not asked again."""

    sale: Sale
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    limit: asyncio.Timeout | None = None
    own_slips: bool = False


class Clerk:
    """`group` owns the clerk's tasks; `tell` hears how the sales get on."""

    def __init__(
        self,
        tools: Tools,
        payment_s: float,
        patience: timedelta,
        group: asyncio.TaskGroup,
        tell: Callable[[Event], None],
    ) -> None:
        self._tools = tools
        self._payment_s = payment_s
        self._patience = patience
        self._group = group
        self._tell = tell
        self._desks: dict[str, _Desk] = {}

    async def recover(self) -> None:
        """Take up what the last run left open."""
        for sale in self._tools.journal.open_sales():
            log.warning("sale %s was cut off; settling it", sale.id)
            desk = _Desk(sale)
            for record in recover(sale):
                await self._write(desk, record)
            self._open(desk)
        self._tell_owing()

    async def begin(self, sale_id: str, order: Order) -> None:
        desk = _Desk(Sale(sale_id, order))
        await self._tools.journal.write(desk.sale, deeds.Begun(order), self._tools.clock())
        self._open(desk)

    async def wish(self, sale_id: str, record: Record) -> None:
        """Write what the visitor wants. An abandoned sale's running charge is ended."""
        desk = self._desks.get(sale_id)
        if desk is None:
            return
        async with desk.writing:
            await self._write(desk, record)
        desk.wake.set()
        if desk.sale.abandoned and desk.limit and not desk.limit.expired():
            desk.limit.reschedule(asyncio.get_running_loop().time())

    def _open(self, desk: _Desk) -> None:
        self._desks[desk.sale.id] = desk
        self._group.create_task(self._carry(desk), name=f"sale {desk.sale.id}")

    async def _carry(self, desk: _Desk) -> None:
        repeats = Repeats(log)
        while not desk.sale.closed:
            desk.wake.clear()
            try:
                await self._advance(desk)
                repeats.healed(f"sale {desk.sale.id} goes on")
            except (CentreFault, DeviceFault) as fault:
                repeats.failed(f"sale {desk.sale.id} is stuck, trying on: {fault}")
                self._tell(SaleStuck(desk.sale.id, _fault(fault)))
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_S):
                        await desk.wake.wait()
        del self._desks[desk.sale.id]
        self._tell_owing()

    async def _advance(self, desk: _Desk) -> None:
        """One step: decided and announced in the journal, done, its result in the journal."""
        async with desk.writing:
            step = todo(desk.sale, self._tools.clock(), self._patience)
            announce = step is not None and not isinstance(step, deeds.AskOutcome)
            if step is not None and announce and desk.sale.doing != step.id:
                await self._write(desk, deeds.Doing(step.id))
        if step is None:
            await desk.wake.wait()
            return
        record = await self._do(desk, step)
        if record is not None:
            async with desk.writing:
                await self._write(desk, record)

    async def _write(self, desk: _Desk, record: Record) -> None:
        sale = fold(desk.sale, record)
        await self._tools.journal.write(sale, record, self._tools.clock())
        desk.sale = sale
        self._tell(SaleIs(sale))
        self._tell_owing()

    def _tell_owing(self) -> None:
        self._tell(Owing(any(desk.sale.owes for desk in self._desks.values())))

    async def _do(self, desk: _Desk, step: Todo) -> Record | None:
        match step:
            case deeds.Charge():
                return await self._charge(desk)
            case deeds.AskOutcome() | deeds.Reverse():
                return await self._settle(desk.sale, step)
            case deeds.Print():
                return await self._print(desk, step)
        return await self._ask_central(desk.sale, step)

    async def _charge(self, desk: _Desk) -> Record | None:
        """None when time is over or the visitor has given up: only the terminal knows then."""
        charge_id, amount = desk.sale.charge_id, price(desk.sale)
        if not amount.amount:
            return deeds.ChargeTaken("free", self._tools.clock())
        if desk.sale.abandoned is not None:
            return None
        try:
            async with asyncio.timeout(self._payment_s) as desk.limit:
                outcome = await self._tools.terminal.use(lambda t: t.charge(charge_id, amount))
        except TimeoutError:
            return None
        finally:
            desk.limit = None
        return self._charge_record(outcome)

    async def _settle(self, sale: Sale, step: Todo) -> Record:
        charge_id, terminal = sale.charge_id, self._tools.terminal
        if isinstance(step, deeds.Reverse):
            if price(sale).amount:
                await terminal.use(lambda t: t.reverse(charge_id))
            log.warning("sale %s: charge %s reversed (%s)", sale.id, charge_id, sale.abandoned)
            return deeds.ChargeReversed()
        if not price(sale).amount:
            return deeds.ChargeNotTaken("free")
        return self._charge_record(await terminal.use(lambda t: t.outcome(charge_id)))

    def _charge_record(self, outcome: Charged | NotCharged) -> Record:
        match outcome:
            case Charged(reference):
                return deeds.ChargeTaken(reference, self._tools.clock())
            case NotCharged(reason):
                return deeds.ChargeNotTaken(reason)

    async def _print(self, desk: _Desk, step: deeds.Print) -> Record:
        slip = await self._slip(desk, step.ticket)
        await self._tools.printer.use(lambda printer: printer.print(slip))
        await self._tools.printed(step.ticket.id)
        return deeds.Printed(step.ticket.id)

    async def _slip(self, desk: _Desk, ticket: IssuedTicket) -> Slip:
        """As central designs it, or ours where central is away or does not say."""
        sale = desk.sale
        assert sale.reservation is not None
        slip = None
        if not desk.own_slips:
            try:
                slip = await self._tools.centre.slip(sale.reservation.token, ticket.id)
            except CentreFault as fault:
                log.warning("ticket %d is printed without central's design: %s", ticket.id, fault)
            desk.own_slips = slip is None
        return slip or ticket_slip(ticket, sale.order, sale.reservation.authorisation)

    async def _ask_central(self, sale: Sale, step: Todo) -> Record:
        centre = self._tools.centre
        if isinstance(step, deeds.Reserve):
            answer = await centre.reserve(sale.order, step.id)
            if isinstance(answer, Refusal):
                return deeds.ReservationRefused(answer)
            return deeds.Reserved(answer)
        assert sale.reservation is not None
        token = sale.reservation.token
        if isinstance(step, deeds.Issue):
            tickets = await centre.issue(token, step.id)
            if isinstance(tickets, Refusal):
                return deeds.SaleRefused(tickets)
            return deeds.Issued(tickets)
        if isinstance(step, deeds.Confirm):
            total, reference = price(sale), sale.reference
            refusal = await centre.confirm(token, reference, total, sale.holder, step.id)
            return deeds.SaleRefused(refusal) if refusal else deeds.Confirmed()
        refusal = await centre.cancel(token, sale.abandoned or "", step.id)
        if refusal is not None:
            log.warning("sale %s: central has nothing to cancel (%s)", sale.id, refusal.code)
        return deeds.Cancelled()


def _fault(fault: CentreFault | DeviceFault) -> Fault:
    source = "central" if isinstance(fault, CentreFault) else fault.device
    return Fault(source, fault.problem, fault.hint)
