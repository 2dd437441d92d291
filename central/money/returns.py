"""Money back: a refund of all or a part, and a void, as if it had never been.

The till is locked before the gates are told, as by everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from admission.values import Money
from central.capacity import slots, waiting
from central.catalogue.offers import ProductKind
from central.catalogue.prices import minor_unit
from central.money import accounts, dues, ledger
from central.money.ledger import Event, Happened
from central.sale import request_rows, requests, spending, tickets, vouchers
from central.sale.request_rows import find, note
from central.sale.states import By, IssuedTicket, Refused, Status, TicketRequest
from central.seats import places
from central.store.schema import money_entry
from central.sync import feed


@dataclass(frozen=True)
class Refund:
    """Give back `amount`, the price of `tickets`, or all that was paid if neither is told."""

    method: str
    reference: str
    reason: str
    amount: Money | None = None
    tickets: tuple[int, ...] = ()


def used(connection: Connection, ids: Collection[int]) -> set[int]:
    """Those of the tickets on which a gate has told an entry that was not given back."""
    told = feed.histories(connection, ids)
    return {ticket for ticket, history in told.items() if any(u.entered for u in history.uses)}


def standing(connection: Connection, request: TicketRequest) -> list[IssuedTicket]:
    """The request's tickets that are not cancelled."""
    return [one for one in tickets.of_request(connection, request) if one.standing]


def returnable(
    connection: Connection, request: TicketRequest, ids: Collection[int]
) -> list[IssuedTicket] | Refused:
    """The request's tickets with these ids, if all of them can be given back."""
    if request.status is not Status.CONFIRMED:
        return Refused("not_confirmed", f"the request is {request.status.value}")
    chosen = [one for one in standing(connection, request) if one.ticket.id in ids]
    if not ids or len(chosen) < len(ids):
        return Refused("unknown_ticket", "the request has no such tickets that are not cancelled")
    if gone := used(connection, ids):
        listed = [str(ticket) for ticket in sorted(gone)]
        return Refused("used", "somebody went in with it", {"tickets": listed})
    return chosen


def what_returns(
    connection: Connection, request: TicketRequest, chosen: Sequence[IssuedTicket]
) -> tuple[accounts.Postings, Decimal]:
    """(what is posted when the tickets are given back, what is owed to the visitor then: at most
    what he paid)."""
    issued = tickets.of_request(connection, request)
    parts = []
    for line in request.lines:
        own = [one.ticket.id for one in issued if one.line == line]
        gone = [own.index(one.ticket.id) for one in chosen if one.line == line]
        parts.append(accounts.returned(line, gone))
    before = ledger.balances(connection, request.id).accounts
    after = ledger.Balances(accounts.merged(before, *parts))
    back = max(min(-after.owed, after.paid), Decimal(0))
    let_off = max(-after.owed, Decimal(0)) - back
    invited = before.get(accounts.INVITATION, Decimal(0)) > 0
    whose = accounts.INVITATION if invited else accounts.ALLOWANCE
    parts.append(accounts.moved(let_off, debit=accounts.RECEIVABLE, credit=whose))
    return accounts.merged(*parts), back


def book_return(
    connection: Connection, request: TicketRequest, chosen: Sequence[IssuedTicket], by: By
) -> Decimal:
    """The tickets are given back; what is owed to the visitor now."""
    postings, back = what_returns(connection, request, chosen)
    event = Event(Happened.RETURN, request.id, request.currency, postings)
    ledger.record(connection, event, by)
    return back


def give_back(
    connection: Connection, request: TicketRequest, wanted: Refund, amount: Decimal, by: By
) -> Refused | None:
    """Write down that money went back. What was not owed to the visitor is an allowance."""
    if wanted.method == spending.METHOD:
        money = Money(amount, request.currency)
        done = spending.give_back(connection, wanted.reference, money, by, request)
        if isinstance(done, Refused):
            return done
    balances = ledger.balances(connection, request.id)
    allowance = amount - min(amount, max(-balances.owed, Decimal(0)))
    till = accounts.paid_by(wanted.method, by.who)
    postings = accounts.merged(
        accounts.moved(amount, debit=accounts.RECEIVABLE, credit=till),
        accounts.given_up(allowance, balances.accounts, to=accounts.ALLOWANCE),
    )
    how = (wanted.method, wanted.reference, wanted.reason)
    event = Event(Happened.REFUND, request.id, request.currency, postings, *how)
    ledger.record(connection, event, by)
    what = f"refunded {amount:f}: {wanted.method} {wanted.reference}, {wanted.reason}"
    note(connection, request.id, what, by)
    return None


def take_back(
    connection: Connection,
    request: TicketRequest,
    chosen: Sequence[IssuedTicket],
    reason: str,
    by: By,
) -> Refused | None:
    """Cancel the tickets and free their places, for who waits for them; the others are good if
    nothing is due of them any more. With the last that was sold cancel the request too."""
    ids = {one.ticket.id for one in chosen}
    others = {one.ticket.id for one in standing(connection, request)} - ids
    if not others and not any(line.kind is ProductKind.VOUCHER for line in request.lines):
        done = requests.cancel(connection, request.token, reason, by)
        return done if isinstance(done, Refused) else None
    tickets.cancel(connection, request, by.at, only=ids)
    for line in request.lines:
        if count := sum(one.line == line for one in chosen):
            request_rows.free_places(connection, request.id, line, count)
    places.give_back(connection, request, chosen)
    if not dues.is_unpaid(connection, request):
        tickets.make_good(connection, request, by.at)
    note(connection, request.id, f"cancelled {len(ids)} tickets: {reason}", by)
    waiting.serve(connection, {slot for one in chosen for slot in one.line.takes}, by.at)
    return None


def all_or_nothing(
    connection: Connection, act: Callable[[], Refused | None], token: str
) -> TicketRequest | Refused:
    """The request after the act; an act that is refused half-way leaves nothing."""
    with connection.begin_nested() as savepoint:
        if refused := act():
            savepoint.rollback()
            return refused
    return find(connection, token)


def refund(connection: Connection, token: str, wanted: Refund, by: By) -> TicketRequest | Refused:
    """Give money back, never more than was paid less what was given back before.

    With the last of it, the tickets that nobody used are cancelled; the request too, if nobody
    used any. `tickets` that are told are cancelled, so none of them may have been used.
    """
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    slots.hold(connection, request.places)
    ledger.lock_till(connection, by.who)
    act = _refund_tickets if wanted.tickets else _refund_money
    return all_or_nothing(connection, lambda: act(connection, request, wanted, by), token)


def void(
    connection: Connection, zone: ZoneInfo, token: str, reason: str, by: By
) -> TicketRequest | Refused:
    """Undo all that a device did with the money of a request on the same day, before anybody used
    the tickets: every account is as if it had never been; it is told all the same."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    slots.hold(connection, request.places)
    if refused := _not_voidable(connection, zone, request, by):
        return refused
    return all_or_nothing(connection, lambda: _void(connection, request, reason, by), token)


def _refund_tickets(
    connection: Connection, request: TicketRequest, wanted: Refund, by: By
) -> Refused | None:
    chosen = returnable(connection, request, wanted.tickets)
    if isinstance(chosen, Refused):
        return chosen
    back = book_return(connection, request, chosen, by)
    refused = give_back(connection, request, wanted, back, by) if back else None
    return refused or take_back(connection, request, chosen, wanted.reason, by)


def _refund_money(
    connection: Connection, request: TicketRequest, wanted: Refund, by: By
) -> Refused | None:
    left = Money(ledger.balances(connection, request.id).paid, request.currency)
    asked = wanted.amount or left
    if refused := _wrong_amount(asked, left):
        return refused
    amount = asked.amount.quantize(minor_unit(request.currency))
    ours = standing(connection, request)
    gone = used(connection, [one.ticket.id for one in ours])
    if amount < left.amount:
        return give_back(connection, request, wanted, amount, by)
    if gone:
        unused = [one for one in ours if one.ticket.id not in gone]
        refused = give_back(connection, request, wanted, amount, by)
        return refused or take_back(connection, request, unused, wanted.reason, by)
    done = requests.cancel(connection, request.token, wanted.reason, by)
    if isinstance(done, Refused):
        return done
    return give_back(connection, request, wanted, amount, by)


def _void(connection: Connection, request: TicketRequest, reason: str, by: By) -> Refused | None:
    balances = ledger.balances(connection, request.id)
    for code, amount in _spent_vouchers(connection, request).items():
        money = Money(amount, request.currency)
        done = spending.give_back(connection, code, money, by, request)
        if isinstance(done, Refused):
            return done
    undone = accounts.negated(balances.accounts)
    event = Event(Happened.VOID, request.id, request.currency, undone, reason=reason)
    ledger.record(connection, event, by)
    note(connection, request.id, f"voided {balances.paid:f}: {reason}", by)
    cancelled = requests.cancel(connection, request.token, f"void: {reason}", by)
    return cancelled if isinstance(cancelled, Refused) else None


def _spent_vouchers(connection: Connection, request: TicketRequest) -> dict[str, Decimal]:
    """Code → what was spent of it and not given back."""
    rows = connection.execute(
        select(money_entry.c.reference, money_entry.c.amount).where(
            money_entry.c.request == request.id, money_entry.c.method == spending.METHOD
        )
    )
    return accounts.merged(*({vouchers.normal(code): amount} for code, amount in rows))


def _wrong_amount(asked: Money, left: Money) -> Refused | None:
    """Why `asked` cannot be given back when `left` is all that there is."""
    told = {"refundable": dues.told(left)}
    if left.amount <= 0:
        return Refused("nothing_paid", "there is no money to give back", told)
    if asked.currency != left.currency:
        return Refused("wrong_currency", f"it was paid in {left.currency}", told)
    if asked.amount <= 0 or asked.amount % minor_unit(left.currency):
        return Refused("wrong_amount", "this cannot be given back", told)
    if asked.amount > left.amount:
        return Refused("too_much", "that is more than what was paid", told)
    return None


def _not_voidable(
    connection: Connection, zone: ZoneInfo, request: TicketRequest, by: By
) -> Refused | None:
    if not ledger.balances(connection, request.id).paid:
        return Refused("nothing_paid", "there is no money to give back; cancel it")
    query = select(money_entry).where(money_entry.c.request == request.id)
    entries = connection.execute(query.order_by(money_entry.c.id)).all()
    if {entry.device for entry in entries} != {by.who}:
        return Refused("other_device", "another device took the money; refund it")
    if entries[0].at.astimezone(zone).date() != by.at.astimezone(zone).date():
        return Refused("other_day", "it was paid on another day; refund it")
    if entries[0].id <= ledger.lock_till(connection, by.who).closed:
        return Refused("day_closed", "the day-end tells of it already; refund it")
    if any(entry.method == accounts.EXCHANGE for entry in entries):
        return Refused("exchanged", "tickets of another request are part of it; refund it")
    issued = tickets.of_request(connection, request)
    if used(connection, [one.ticket.id for one in issued]):
        return Refused("used", "somebody went in with a ticket of it")
    return None
