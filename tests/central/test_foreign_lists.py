"""Lists of tickets that others sold, through HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from support.central import NOW, Client
from support.pretix import ITEM, payload, sign

from admission.codes import human_code
from admission.facts import Admitted, Fact, TicketIssued
from admission.foreign import foreign_ticket_id
from admission.values import Ticket, TicketState
from central.sync import feed

DAY = {"valid_from": "2026-11-21T00:00:00+01:00", "valid_until": "2026-11-22T00:00:00+01:00"}
MORNING = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)


def rows(*codes: str, **more: Any) -> list[dict[str, Any]]:
    return [{"code": code, **more} for code in codes]


async def bring(office: Client, *codes: str, status: int = 200, **more: Any) -> Any:
    body = {"name": "Partner", "product": 1, "rows": rows(*codes)} | DAY | more
    return await office.post("/v1/lists", body, status)


async def told(office: Client) -> list[Ticket]:
    """What the gates were told of foreign tickets, in order."""
    entries = await office.api.database.read(lambda c: feed.after(c, 0, 100_000))
    facts = [e.fact for e in entries if e.fact["kind"] == "ticket_issued"]
    read = [feed.fact_from_data(fact).event for fact in facts]
    return [event.issued for event in read if isinstance(event, TicketIssued)]


async def states(office: Client) -> dict[int, TicketState]:
    return {ticket.id: ticket.state for ticket in await told(office)}


async def test_a_list_becomes_tickets_of_a_product(office: Client) -> None:
    done = await bring(office, "AB-1234", "ab-1234")
    assert done == {
        "name": "Partner",
        "new": 2,
        "changed": 0,
        "same": 0,
        "cancelled": 0,
        "skipped": 0,
        "wrong": [],
    }
    first, second = await told(office)
    assert (first.id, first.product, first.persons) == (foreign_ticket_id("AB-1234"), 1, 1)
    assert first.window.start == MORNING
    assert first.window.end == MORNING.replace(day=21)
    assert second.id == foreign_ticket_id("ab-1234") != first.id


async def test_only_what_changed_is_told_when_a_list_comes_again(office: Client) -> None:
    await bring(office, "AAAA", "BBBB", "CCCC")
    changed = [
        *rows("AAAA"),
        *rows("BBBB", persons=4),
        *rows("DDDD", valid_until="2026-11-22T12:00:00Z"),
    ]
    done = await bring(office, rows=changed)
    assert (done["new"], done["changed"], done["same"], done["cancelled"]) == (1, 1, 1, 0)
    new = (await told(office))[3:]
    assert [(t.id, t.persons) for t in new] == [
        (foreign_ticket_id("DDDD"), 1),
        (foreign_ticket_id("BBBB"), 4),
    ]


async def test_a_complete_list_cancels_what_it_lacks_until_it_is_there_again(
    office: Client,
) -> None:
    await bring(office, "AAAA", "BBBB")
    assert (await bring(office, "AAAA"))["cancelled"] == 0
    assert (await bring(office, "AAAA", complete=True))["cancelled"] == 1
    assert (await bring(office, "AAAA", complete=True))["cancelled"] == 0
    gone = foreign_ticket_id("BBBB")
    assert (await states(office))[gone] is TicketState.CANCELLED
    assert (await bring(office, "AAAA", "BBBB"))["changed"] == 1
    assert (await states(office))[gone] is TicketState.VALID


async def test_all_wrong_rows_are_told_at_once_and_nothing_is_imported(office: Client) -> None:
    csv = "\ufeffCode;valid_from;valid_until;persons\r\n"
    csv += "GOOD-1;21.11.2026 10:00;2026-11-21T18:00+01:00;2\r\n"
    csv += "abc;;;\r\n\r\nTK-0000-0000;;;\r\nNFC:04A1;;;\r\nGOOD-2;tomorrow;;\r\nGOOD-3;;;none\r\n"
    csv += (
        "GOOD-1;;;\r\n1,23E+15;;;\r\nGOOD-4;2026-11-22;2026-11-21;\r\n1;2;3;4;5\r\nGOOD-5;;;0\r\n"
    )
    wrong = await bring(office, rows=[], csv=csv, status=400)
    assert wrong["code"] == "list_invalid"
    assert [one["place"] for one in wrong["wrong"]] == [3, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    said = " ".join(one["what"] for one in wrong["wrong"])
    assert "the same code as at 2" in said and "cut" in said and "GOOD-4" not in said
    assert await told(office) == []
    assert (await office.get("/v1/lists"))["lists"] == []
    done = await bring(office, rows=[], csv=csv, skip_wrong=True)
    assert (done["new"], done["skipped"], len(done["wrong"])) == (1, 10, 10)
    [ticket] = await told(office)
    assert (ticket.persons, ticket.window.start.hour, ticket.window.end.hour) == (2, 9, 17)


@pytest.mark.parametrize(
    "change",
    [
        {"csv": "code\nABCD\n"},
        {"rows": []},
        {"rows": [], "csv": "ABCD\nEFGH\n"},
        {"rows": [], "csv": "code;colour\nABCD;red\n"},
        {"rows": [], "csv": "code,code\nABCD,EFGH\n"},
        {"rows": [], "csv": 'code,persons\n"ABCD,1\n'},
        {"rows": [], "csv": "code\n" * 10_002},
        {"rows": [{"code": "ABCD", "colour": "red"}]},
        {"rows": [{"code": "AB\nCD"}]},
        {"rows": [{"code": "ABCD", "persons": "2"}]},
        {"name": ""},
        {"name": "x" * 81},
        {"product": 0},
        {"product": 65536},
        {"complete": True, "skip_wrong": True},
        {"valid_from": "2026-11-21"},
    ],
)
async def test_what_is_no_list_is_refused(office: Client, change: dict[str, Any]) -> None:
    assert (await bring(office, "ABCD", status=400, **change))["code"] == "invalid"


async def test_a_list_is_of_one_product_that_is_a_ticket(office: Client) -> None:
    assert (await bring(office, "ABCD", status=404, product=999))["code"] == "unknown_product"
    voucher = next(o for a in office.api.venue.attractions for o in a.products if o.worth)
    assert (await bring(office, "ABCD", status=409, product=voucher.id))["code"] == "no_ticket"
    await bring(office, "ABCD")
    assert (await bring(office, "ABCD", status=409, product=2))["code"] == "other_product"
    elsewhere = await bring(office, "EFGH", "ABCD", status=400, name="Other")
    assert elsewhere["wrong"] == [{"place": 2, "what": "the code is on another list"}]


async def test_what_is_revoked_stays_so(office: Client) -> None:
    await bring(office, "AAAA", "BBBB")
    signed = sign(payload(ITEM))
    codes = {"codes": ["AAAA", signed, "LATER", "LATER "]}
    assert await office.post("/v1/revoked", codes) == {"revoked": 3}
    assert await office.post("/v1/revoked", codes) == {"revoked": 0}
    done = await bring(office, "AAAA", "LATER", complete=True)
    assert (done["new"], done["changed"], done["same"], done["cancelled"]) == (0, 1, 1, 1)
    blocked = {foreign_ticket_id(code) for code in ("AAAA", signed, "LATER")}
    assert {id_ for id_, s in (await states(office)).items() if s is TicketState.BLOCKED} == blocked
    [one] = (await office.get("/v1/lists"))["lists"]
    assert (one["tickets"], one["blocked"], one["cancelled"]) == (3, 2, 1)


@pytest.mark.parametrize("codes", [[], ["TK-0000-0000"], ["x" * 401], ["abc"], ["AAAA"] * 5_001])
async def test_what_cannot_be_revoked_is_refused(office: Client, codes: list[str]) -> None:
    assert (await office.post("/v1/revoked", {"codes": codes}, 400))["code"] == "invalid"


async def test_lists_tell_how_many_were_used(office: Client) -> None:
    await bring(office, "AAAA", "BBBB")
    used = [
        Fact("gate-1", n, NOW, Admitted(foreign_ticket_id("AAAA"), "museum", "North", 1))
        for n in (1, 2)
    ]
    await office.api.database.write(lambda c: feed.accept(c, used, NOW))
    [one] = (await office.get("/v1/lists"))["lists"]
    assert one == {
        "name": "Partner",
        "product": 1,
        "imported_at": NOW.isoformat(),
        "imported_by": "office-1",
        "tickets": 2,
        "used": 1,
        "cancelled": 0,
        "blocked": 0,
    }


async def test_a_ticket_of_others_is_found_by_its_code(office: Client) -> None:
    code = "Ä 12/ab?#%"
    await bring(office, rows=rows(code, persons=3, reference="order 7"))
    id_ = foreign_ticket_id(code)
    use = Fact("gate-1", 1, NOW, Admitted(id_, "museum", "North", 3))
    await office.api.database.write(lambda c: feed.accept(c, [use], NOW))
    found = await office.get(f"/v1/tickets/{quote(code, safe='')}")
    assert found["foreign"] == {
        "human_code": human_code(id_),
        "list": "Partner",
        "shop": "",
        "reference": "order 7",
        "product": 1,
        "persons": 3,
        "state": "valid",
        "valid_from": MORNING.isoformat(),
        "valid_until": MORNING.replace(day=21).isoformat(),
    }
    assert [one["lane"] for one in found["uses"]] == ["North"]
    assert (await office.get("/v1/tickets/unknown", 404))["code"] == "unknown_ticket"


async def test_the_shops_of_others_are_the_offices_matter(office: Client) -> None:
    for device in ("kiosk-1", "gate-1", "web-1"):
        client = office.as_(device)
        assert (await client.get("/v1/lists", 403))["code"] == "forbidden"
        assert (await client.post("/v1/revoked", {"codes": ["AAAA"]}, 403))["code"] == "forbidden"
        assert (await bring(client, "AAAA", status=403))["code"] == "forbidden"
