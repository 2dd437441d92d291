"""What a visitor gets when a sale is final: on paper, by SMS, by e-mail. In its transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from central.delivery import notices, prints
from central.sale.request_rows import find, request_holders, set_holder
from central.sale.states import By, Holder, Refused, Status, TicketRequest

NO_DESK = Refused("no_desk", "This browser has no desk to print at. Choose one first.")
NOBODY = Refused("nobody", "Nothing was sent: write to whom, and look whether it is paid.")
NOT_SOLD = Refused("not_sold", "The sale is not final.")


@dataclass(frozen=True)
class Ways:
    """`desk` is where it is printed, "" for not at all."""

    desk: str = ""
    sms: bool = False
    email: bool = False

    @property
    def told(self) -> str:
        """For the audit trail."""
        named = {"printed": bool(self.desk), "SMS": self.sms, "e-mail": self.email}
        return ", ".join(name for name, way in named.items() if way) or "nothing sent"


def hand_over(connection: Connection, request: TicketRequest, ways: Ways, by: By) -> None:
    """Print and send what was chosen, each once."""
    if ways.desk:
        put_print(connection, request, ways.desk, by)
    if ways.sms or ways.email:
        notices.send_tickets(connection, request, by, phone=ways.sms, email=ways.email)


def again(
    connection: Connection, token: str, ways: Ways, to: Holder, by: By
) -> TicketRequest | Refused:
    """Print or send once more; `to` tells an address or a number that is better."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status is not Status.CONFIRMED:
        return NOT_SOLD
    if ways.desk:
        put_print(connection, request, ways.desk, by)
        return request
    known = request_holders(connection, [request.id]).get(request.id, Holder())
    better = {name: told for name, told in vars(to).items() if told}
    if better:
        set_holder(connection, request.id, replace(known, **better), by)
    sent = notices.send_tickets(
        connection, request, by, phone=ways.sms, email=ways.email, again=True
    )
    return request if sent else NOBODY


def put_print(connection: Connection, request: TicketRequest, desk: str, by: By) -> None:
    """A slip for each ticket that is not cancelled, and for each gift voucher."""
    prints.put(connection, request, desk, (), by)
