"""What is typed into the one search field of the ticket office."""

from __future__ import annotations

from typing import Any

import pytest
from support.central import NOW, Client

from central.office import reading
from central.papers import links
from central.sale.request_rows import find
from central.sale.states import By, TicketRequest

TEXTS = {
    "17": "receipt",
    "anna/17": "receipt",
    "0170 9999999": "phone",
    "7KQ4-M2XD": "code",
    "7kq4 m2xd": "code",
    "c-000042": "customer",
    "ada@example.org": "email",
    "GV-7KQ4-M2XD-7KQ4-M2XD": "voucher",
    "https://tickets.example.org/t/0123456789abcdefABCDEF": "link",
    "Ada Lovelace": "order",
    "TK-0000-0000": "ticket",
    "0123456789abcdefABCDEF_-": "token",
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_typed_is_taken_for_the_likeliest_first(text: str) -> None:
    assert reading.readings(text)[0].key == TEXTS[text]


def test_nothing_is_taken_for_nothing() -> None:
    assert reading.readings("  ") == []


async def test_links_and_vouchers_lead_to_their_requests(kiosk: Client) -> None:
    """On both databases."""
    desk = kiosk.as_("office-1")
    request = await desk.reserve(9, "", 1, channel="office")
    await desk.confirm(request)
    [voucher] = (await desk.issue(request))["vouchers"]
    by = By("anna", NOW)
    own = (await desk.get(f"/v1/requests?token={request['token']}"))["requests"][0]
    secret = await kiosk.api.database.write(
        lambda c: links.secret_of(c, find_by_token(c, own["token"]), by)
    )
    for text in (voucher["code"].lower(), f"https://example.org/t/{secret}?lang=de"):
        told = await kiosk.api.database.read(lambda c, t=text: reading.look(c, t, "", None, 9))
        assert told is not None
        assert [one.request.token for one in told.found] == [request["token"]], text


def find_by_token(connection: Any, token: str) -> int:
    found = find(connection, token)
    assert isinstance(found, TicketRequest)
    return found.id
