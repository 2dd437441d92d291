"""Cloakrooms, racks and tags, codes, lost property, and what is forgotten; on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, update
from support.coats import E164, HOUSE, PHONE, Cloaks, cloakroom, code_of, registered

from central.coats import check_in, closing, coats, pictures, rooms, tags
from central.coats.codes import CODES, MAX_OPEN
from central.coats.rooms import Day
from central.coats.values import Cloakroom, Coat, CoatState, PayWhen, Rack, Tag, TagState
from central.sale.states import Refused
from central.store.schema import coat_ticket, delivery


async def test_a_full_rack_takes_more_only_from_a_supervisor(cloaks: Cloaks) -> None:
    await cloaks.hung("B1")
    refused = await cloaks.take("B2", "B3")
    assert isinstance(refused, Refused)
    assert refused.detail == (
        "Rack B: there is room for 1 more. Take another rack, or ask a supervisor."
    )
    await cloaks.hung("B2", "B3", over=True)
    free = await cloaks.do(lambda c: tags.free(c, cloaks.room.id))
    assert [tag.text for tag in free] == [f"A{n}" for n in range(1, 11)]
    a, b = await cloaks.do(lambda c: rooms.standing(c, cloaks.room.id))
    assert (a.tags, a.free, a.hanging, a.room) == (10, 10, 0, 10)
    assert (b.tags, b.free, b.hanging, b.room) == (5, 2, 3, 0)


async def test_the_last_room_on_a_rack_goes_to_one(cloaks: Cloaks) -> None:
    answers = await asyncio.gather(*(cloaks.as_(f"w{n}").take(f"B{n}") for n in (1, 2, 3, 4)))
    assert sorted(type(one).__name__ for one in answers) == ["Coat"] * 2 + ["Refused"] * 2
    assert {one.code for one in answers if isinstance(one, Refused)} == {"rack_full"}


async def test_codes_are_not_easy_and_no_more_than_a_guess_may_hit(cloaks: Cloaks) -> None:
    assert len(CODES) == 10_000 - 10 - 7 - 7
    assert not {"0000", "7777", "1234", "9876"} & CODES
    coat = await cloaks.hung("A1")
    row = {"state": "open", "phone": "", "name": "", "language": "en", "price": Decimal(0)}
    row |= {"paid": Decimal(0), "currency": "EUR", "receipt": "", "place": "", "fetched_by": ""}
    row |= {"cloakroom": cloaks.room.id, "made_at": cloaks.clock(), "who": "anna"}
    others = sorted(CODES - {coat.code})[: MAX_OPEN - 2]
    rows = [row | {"code": code, "secret": f"s{code}"} for code in others]
    await cloaks.do(lambda c: c.execute(insert(coat_ticket), rows))
    last = await cloaks.hung("A2")
    assert last.code not in {coat.code, *others}
    assert code_of(await cloaks.take("A3")) == "no_codes"
    assert isinstance(await cloaks.give(coat), Coat)
    third = await cloaks.hung("A3")

    over = {"fetched_at": cloaks.clock(), "state": "fetched"}
    here = coat_ticket.c.code.in_(others)
    await cloaks.do(lambda c: c.execute(update(coat_ticket).where(here).values(over)))
    free, *recent = sorted(CODES - {coat.code, last.code, third.code, *others})
    rows = [row | over | {"code": code, "secret": f"s{code}"} for code in recent]
    await cloaks.do(lambda c: c.execute(insert(coat_ticket), rows))
    assert (await cloaks.hung("A4")).code == free  # nobody has fetched by it just now
    assert (await cloaks.hung("A5")).code not in {last.code, third.code, free}


async def test_what_is_left_goes_to_lost_property_and_is_fetched_later(cloaks: Cloaks) -> None:
    coat, gone = await cloaks.hung("A1", "A2"), await cloaks.hung("A3")
    await cloaks.give(gone)
    today = cloaks.clock() - timedelta(hours=1)
    assert await cloaks.do(lambda c: coats.open_ones(c, cloaks.room.id)) == [coat]
    place = "Office, shelf 3"
    leave = closing.leave_behind
    assert (
        code_of(await cloaks.do(lambda c: leave(c, HOUSE, coat.id, " ", cloaks.by))) == "no_place"
    )
    left = await cloaks.do(lambda c: leave(c, HOUSE, coat.id, place, cloaks.by))
    assert isinstance(left, Coat)
    assert (left.state, left.place, left.tags) == (CoatState.LEFT, place, "A1, A2")
    assert (await cloaks.messages())[-1].text == "sms.coat_left"
    assert await cloaks.do(lambda c: coats.open_ones(c, cloaks.room.id)) == []
    day = await cloaks.do(lambda c: rooms.day(c, cloaks.room.id, today))
    assert day == Day(ins=3, outs=1, open=0, left=1)
    other = await cloaks.hung("A1")
    assert other.code != coat.code
    again = await cloaks.do(lambda c: check_in.hang_more(c, HOUSE, coat.id, "A4", cloaks.by))
    assert code_of(again) == "not_open"
    cloaks.clock.pass_(days=2)
    fetched = await cloaks.give(left, coat.code)
    assert isinstance(fetched, Coat)
    assert fetched.state is CoatState.FETCHED
    still = await cloaks.do(lambda c: coats.find(c, other.id))
    assert isinstance(still, Coat)
    assert still.state is CoatState.OPEN


async def test_every_open_ticket_whose_message_did_not_go_out_is_found(cloaks: Cloaks) -> None:
    old, gone, told = [await cloaks.hung(tag) for tag in ("A1", "A2", "A3")]
    await cloaks.give(gone)
    sent = update(delivery).where(delivery.c.coat == told.id).values(state="sent")
    await cloaks.do(lambda c: c.execute(sent))
    await cloaks.hung("A4", phone="")
    new = await cloaks.hung("A5")

    async def unsent(limit: int = 50) -> list[Coat]:
        return await cloaks.do(lambda c: coats.unsent(c, cloaks.room.id, limit))

    assert await unsent() == [new, old]
    assert await unsent(1) == [new]
    assert await cloaks.do(lambda c: coats.unsent(c, cloaks.room.id + 1, 50)) == []


async def test_of_two_who_change_a_cloakroom_the_second_is_refused(cloaks: Cloaks) -> None:
    seen = (await cloaks.do(rooms.cloakrooms))[0].mark

    async def save(seen: str, **changes: Any) -> Cloakroom | Refused:
        wanted = replace(cloaks.room, **changes)
        return await cloaks.do(lambda c: rooms.save(c, HOUSE, wanted, cloaks.by, seen))

    racks = (*cloaks.room.racks[:1], replace(cloaks.room.racks[1], capacity=3))
    first = await save(seen, racks=racks)
    assert isinstance(first, Cloakroom)
    assert await save(seen, closes="22:30") == rooms.CHANGED
    assert await save("", closes="22:30") == rooms.CHANGED
    assert await cloaks.do(lambda c: rooms.find(c, first.id)) == first
    assert isinstance(await save(first.mark, closes="22:30"), Cloakroom)


async def test_tags_are_registered_moved_retired_and_found_by_their_chips(cloaks: Cloaks) -> None:
    room, (a, b) = cloaks.room.id, cloaks.room.racks

    async def register(told: str, rack: int = b.id) -> int | Refused:
        return await cloaks.do(lambda c: tags.register(c, room, rack, told, cloaks.by))

    assert await register("b5-B7, vip 1") == 3
    assert await register("C01-C03", a.id) == 3
    listed = [tag.text for tag in await cloaks.do(lambda c: tags.tags(c, room))]
    assert listed[:3] == ["A1", "A2", "A3"]
    assert listed[9:] == ["A10", "C01", "C02", "C03"] + [f"B{n}" for n in range(1, 8)] + ["VIP 1"]
    for bad in ("", "A9-A1", "A1-A99999", "x" * 30, "<script>", "A1;\0", "A1-A900, D1-D900"):
        assert code_of(await register(bad)) in {"bad_tags", "too_many_tags"}
    assert code_of(await register("X1", 99)) == "unknown_rack"
    await cloaks.hung("A1")
    assert code_of(await register("A1")) == "tag_taken"

    async def tag(told: str) -> Tag:
        found = await cloaks.do(lambda c: tags.find(c, room, told))
        assert isinstance(found, Tag)
        return found

    a1, a2 = await tag("A1"), await tag("A2")
    chip = await cloaks.do(lambda c: tags.give_code(c, a2.id, "04:a1:b2:c3:d4:e5:f6", cloaks.by))
    assert isinstance(chip, Tag)
    assert (await tag("04A1B2C3D4E5F6")).text == chip.text == "A2"
    taken = await cloaks.do(lambda c: tags.give_code(c, a1.id, "04A1B2C3D4E5F6", cloaks.by))
    assert code_of(taken) == "code_taken"
    assert (await cloaks.hung("04a1b2c3d4e5f6")).tags == "A2"

    async def put(one: Tag, state: TagState) -> Tag | Refused:
        return await cloaks.do(lambda c: tags.set_state(c, one.id, state, cloaks.by))

    assert code_of(await put(a1, TagState.RETIRED)) == "tag_taken"
    a3 = await tag("A3")
    await put(a3, TagState.LOST)
    assert code_of(await cloaks.take("A3")) == "tag_retired"
    await put(a3, TagState.IN_SERVICE)
    await cloaks.hung("A3")
    for told in ([], ["A4", "a4"], ["Z1"], ["\0"], [f"A{n}" for n in range(30)]):
        assert code_of(await cloaks.take(*told)) in {"no_tag", "tag_twice", "unknown_tag"}


IMPOSSIBLE: list[dict[str, Any]] = [
    {"name": " "},
    {"name": "x" * 81},
    {"name": "\x01"},
    {"name": "Garderobe Nord"},
    {"racks": ()},
    {"racks": (Rack("A", 1), Rack("A", 1))},
    {"racks": (Rack("A", 5001),)},
    {"racks": (Rack("A", 1, 77),)},
    {"payment": PayWhen.PICK_UP},
    {"price": Decimal("0.001")},
    {"price": Decimal(-1)},
    {"tax_percent": Decimal(101)},
    {"tax_percent": Decimal("1e-30")},
    {"closes": "25:00"},
    {"closes": "noon"},
    {"kept_days": 366},
]


async def test_a_cloakroom_that_cannot_be_is_refused(cloaks: Cloaks) -> None:
    for changes in IMPOSSIBLE:
        wanted = cloakroom(**{"name": "Another", **changes})
        refused = await cloaks.do(lambda c, w=wanted: rooms.save(c, HOUSE, w, cloaks.by))
        assert code_of(refused) in {"bad_cloakroom", "unknown_rack"}, changes


async def test_a_fee_may_be_of_a_currency_with_large_numbers(cloaks: Cloaks) -> None:
    won, fee = replace(HOUSE, currency="KRW"), {"name": "Seoul", "price": Decimal(3000)}
    wanted = cloakroom(payment=PayWhen.CHECK_IN, **fee)
    made = await cloaks.do(lambda c: rooms.save(c, won, wanted, cloaks.by))
    assert isinstance(made, Cloakroom), made
    assert made.price == 3000


async def test_a_cloakroom_is_changed_but_keeps_racks_with_tags(cloaks: Cloaks) -> None:
    a, b = cloaks.room.racks
    swapped = (replace(a, name="B"), replace(b, name="A"), Rack("C", 5))
    wanted = replace(cloaks.room, name="North", racks=swapped, closes="22:30", kept_days=0)
    changed = await cloaks.do(lambda c: rooms.save(c, HOUSE, wanted, cloaks.by))
    assert not isinstance(changed, Refused)
    assert [rack.name for rack in changed.racks] == ["B", "A", "C"]
    without = replace(changed, racks=changed.racks[:2])
    assert await cloaks.do(lambda c: rooms.save(c, HOUSE, without, cloaks.by)) == without
    refused = replace(without, racks=without.racks[1:])
    used = await cloaks.do(lambda c: rooms.save(c, HOUSE, refused, cloaks.by))
    assert code_of(used) == "rack_used"


async def test_what_hangs_since_before_closing_time_is_counted_after_midnight_too(
    cloaks: Cloaks,
) -> None:
    """It is 14:05, and Saturday."""
    late, room = replace(cloaks.room, closes="01:30"), cloaks.room

    async def overdue(one: Cloakroom) -> tuple[str, int]:
        def read(connection: Connection) -> tuple[str, int]:
            closed = closing.closed_at(one, HOUSE, cloaks.clock())
            count = closing.overdue(connection, one, HOUSE, cloaks.clock())
            return f"{closed:%a %H:%M}" if closed else "", count

        return await cloaks.do(read)

    coat = await cloaks.hung("A1")
    assert await overdue(room) == ("", 0)
    assert await overdue(late) == ("Sat 01:30", 0)
    assert await overdue(replace(room, closes="22:30")) == ("Fri 22:30", 0)
    cloaks.clock.pass_(hours=12)
    await cloaks.give(await cloaks.hung("A2"))
    assert await overdue(late) == ("Sun 01:30", 1)
    assert await overdue(replace(room, closes="22:30")) == ("Sat 22:30", 1)
    await cloaks.give(coat)
    assert await overdue(late) == ("Sun 01:30", 0)


async def test_what_tells_of_visitors_is_forgotten_in_time(cloaks: Cloaks) -> None:
    kept, gone = await cloaks.hung("A1"), await cloaks.hung("A2", name="Ada")
    await registered(cloaks)
    await cloaks.give(gone)
    for days, forgotten in ((6.9, False), (0.2, True)):
        cloaks.clock.pass_(days=days)
        await cloaks.do(lambda c: closing.tidy(c, cloaks.clock()))
        found = await cloaks.do(lambda c: coats.find(c, gone.id))
        assert isinstance(found, Coat)
        assert (found.forgotten, found.phone, found.name) == (
            (True, "", "") if forgotten else (False, E164, "Ada")
        )
    assert code_of(await cloaks.do(lambda c: coats.by_secret(c, gone.secret))) == "gone"
    about = [one for one in await cloaks.messages() if one.coat == gone.id]
    assert {(one.to, str(one.values)) for one in about} == {("", "{}")}
    assert "waiting" not in {one.state for one in about}
    assert await cloaks.look(PHONE) == [kept]
    cloaks.clock.pass_(days=180)
    await cloaks.do(lambda c: closing.tidy(c, cloaks.clock()))
    assert code_of(await cloaks.look(PHONE)) == "unknown_phone"
    assert await cloaks.do(lambda c: coats.history(c, gone.id)) == []
    again = await cloaks.do(lambda c: check_in.send_again(c, HOUSE, kept.id, PHONE, cloaks.by))
    picture = await cloaks.do(lambda c: pictures.add(c, kept.id, b"jpeg", cloaks.by))
    assert (code_of(again), code_of(picture)) == ("forgotten", "forgotten")
    assert isinstance(await cloaks.give(kept, kept.code), Coat)
