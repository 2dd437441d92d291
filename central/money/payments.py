"""Paying in parts, and the office's word on when a request is paid."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from admission.values import Money
from central.catalogue.prices import minor_unit
from central.money import dues
from central.money.dues import AHEAD, PaymentOption, Terms
from central.sale import requests, tickets
from central.sale.request_rows import find, note
from central.sale.states import By, Holder, Payment, Refused, Status, TicketRequest


def pay(
    connection: Connection, token: str, payment: Payment, holder: Holder | None, by: By
) -> TicketRequest | Refused:
    """Pay a part of what is due, or all of it: then the request is confirmed.

    A part holds no places longer than they were held; who comes late pays all that is due.
    """
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status is Status.CANCELLED:
        return Refused("cancelled", "the request was cancelled")
    if request.status is Status.WAITING:
        return Refused("waiting", "the request waits for places")
    due = dues.due(connection, request)
    if refused := dues.wrong_amount(payment.amount, due):
        return refused
    if payment.amount != due and request.status_at(by.at) is Status.EXPIRED:
        return Refused("expired", "pay all of it, while there is room", {"due": dues.told(due)})
    amount = payment.amount.amount.quantize(minor_unit(due.currency))
    payment = replace(payment, amount=Money(amount, due.currency))
    whole = payment.amount == due
    refused = requests.settle(connection, request, payment, holder, by, whole=whole)
    return refused or find(connection, token)


def choose(connection: Connection, token: str, terms: Terms, by: By) -> TicketRequest | Refused:
    """How the request is paid. Options that do not wait for the money confirm it at once."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status is Status.CANCELLED:
        return Refused("cancelled", "the request was cancelled")
    what = f"{terms.option.value}: {terms.reason}"
    if request.status is Status.CONFIRMED:
        before = dues.terms(connection, request.id).option
        if before in AHEAD or terms.option in (*AHEAD, before, PaymentOption.NOT_PAID):
            return Refused("already_confirmed", f"the request was confirmed before, {before.value}")
        note(connection, request.id, what, by)
    elif terms.option in AHEAD:
        note(connection, request.id, what, by)
    elif refused := requests.sell(connection, request, f"confirmed: {what}", by):
        return refused
    dues.set_terms(connection, request.id, terms)
    return _follow(connection, request.token, terms, by)


def _follow(connection: Connection, token: str, terms: Terms, by: By) -> TicketRequest | Refused:
    """What comes of the option for a request that is confirmed."""
    request = find(connection, token)
    if isinstance(request, Refused) or request.status is not Status.CONFIRMED:
        return request
    if terms.option is PaymentOption.INVITATION:
        dues.let_off(connection, request, terms.reason, by)
    if terms.option is not PaymentOption.NOT_PAID:
        tickets.make_good(connection, request, by.at)
    return request
