"""An issued ticket on paper, in the visitor's language, where central does not say how."""

from __future__ import annotations

from hal.ports import Slip, SlipCode, SlipRule, SlipText
from kiosk.goods import IssuedTicket, Order, in_language
from kiosk.texts import Texts


def ticket_slip(ticket: IssuedTicket, order: Order, authorisation: str) -> Slip:
    """One slip a ticket: what it opens, when, on which seats, for how many, and its code twice.

    `authorisation` is on all tickets of one request; by it staff find the request.
    """
    texts = Texts(order.language, order.timezone)
    venues = in_language(ticket.product_text, order.language)
    parts: list[SlipText | SlipCode | SlipRule] = [
        SlipText(order.venue, bold=True),
        SlipText(in_language(ticket.attraction_name, order.language), large=True, bold=True),
        SlipText(ticket.description, large=True),
        *(SlipText(seat, large=True) for seat in ticket.seats),
        SlipRule(),
        SlipText(in_language(ticket.product_name, order.language), bold=True),
        SlipText(texts.count("slip.persons", ticket.persons)),
        SlipText(texts.say("slip.price", price=texts.money(ticket.price))),
        *(SlipText(text) for text in (ticket.text, venues) if text),
        SlipCode(ticket.code, ticket.human_code),
        SlipText(
            texts.say(
                "slip.valid",
                start=texts.moment(ticket.valid_from),
                end=texts.moment(ticket.valid_until),
            )
        ),
        SlipText(texts.say("slip.request", code=authorisation)),
        SlipRule(),
        SlipText(texts.say("slip.small_print")),
    ]
    return Slip(tuple(parts))
