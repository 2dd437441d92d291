"""The coat check's rules, on both databases: check in, check out, and all that is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, event
from support.coats import E164, HOUSE, NETWORK, PHONE, Cloaks, cloakroom, code_of, registered

from central.coats import check_in, check_out, coats, entries, rooms, tags, tries
from central.coats.check_out import LostTicket
from central.coats.entries import Registration
from central.coats.values import Coat, CoatState, Entry
from central.sale.states import Refused
from central.store.schema import coat_try


async def test_a_coat_is_registered_hung_looked_up_and_fetched_once(cloaks: Cloaks) -> None:
    entry = await registered(cloaks)
    assert isinstance(entry, Entry)
    assert await cloaks.do(lambda c: entries.live(c, cloaks.room.id, cloaks.clock())) == [entry]
    link = f"https://tickets.example.org{entry.path}"
    coat = await cloaks.hung("a3", "A4", phone="", entry=link)
    assert (coat.phone, coat.name, coat.language) == (E164, "Ada", "de")
    assert (coat.tags, coat.secret, coat.path) == ("A3, A4", entry.secret, entry.path)
    assert coats.last_digits(coat) == "…6789"
    assert not coat.told
    assert await cloaks.do(lambda c: entries.live(c, cloaks.room.id, cloaks.clock())) == []
    (sms,) = await cloaks.messages()
    assert (sms.kind, sms.to, sms.text, sms.language) == ("sms", E164, "sms.coat_code", "de")
    assert sms.values["code"] == coat.code
    assert sms.values["link"] == coat.path

    for shown in (link, coat.secret, coat.code, "+49 151 23456789", " 015123456789 "):
        assert await cloaks.look(shown) == [coat]
    cloaks.clock.pass_(minutes=30)
    given = await cloaks.give(coat, link)
    assert isinstance(given, Coat)
    assert (given.state, given.fetched_by) == (CoatState.FETCHED, "anna")
    told = "Already fetched on Sat 21 Nov 14:35 by anna."
    over = Refused("already_fetched", told, {"coat": coat.id})
    for again in (link, coat.code):
        assert await cloaks.as_("ben").give(coat, again) == over
        assert await cloaks.as_("ben").look(again) == over
    used = await cloaks.take("A3", entry=link)
    assert isinstance(used, Refused)
    assert used.detail == "It was used before: A3, A4."  # and hangs no more
    late, fetched = await cloaks.messages()
    assert (late.text, late.state) == ("sms.coat_code", "dropped")
    assert (fetched.text, fetched.values["tag"]) == ("sms.coat_fetched", "A3, A4")
    notes = await cloaks.do(lambda c: coats.history(c, coat.id))
    assert [note.what for note in notes] == [
        "hung A3, A4",
        "fetched A3, A4 by the link's QR code",
    ]
    assert isinstance(await cloaks.hung("A3"), Coat)


async def test_without_a_phone_there_is_no_sms_but_a_code(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1", phone="")
    assert await cloaks.messages() == []
    assert (coat.sms, coat.told, coats.last_digits(coat)) == (None, False, "")
    assert await cloaks.look(coat.code) == [coat]


async def test_the_code_goes_to_the_right_number_when_it_was_mistyped(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1", phone="0151 99999999")
    await cloaks.do(lambda c: check_in.send_again(c, HOUSE, coat.id, PHONE, cloaks.by))
    assert [(one.to, one.state) for one in await cloaks.messages()] == [
        ("+4915199999999", "dropped"),
        (E164, "waiting"),
    ]
    assert code_of(await cloaks.look("0151 99999999")) == "unknown_phone"


async def test_a_pre_registration_lives_half_an_hour_and_is_used_once(cloaks: Cloaks) -> None:
    entry, late = await registered(cloaks), await registered(cloaks, "0151 55555555")
    assert isinstance(entry, Entry)
    assert isinstance(late, Entry)
    cloaks.clock.pass_(minutes=29)
    coat = await cloaks.hung("A1", phone="", entry=entry.secret)
    used = await cloaks.take("A2", phone="", entry=entry.secret)
    assert isinstance(used, Refused)
    assert (used.code, used.extras) == ("entry_used", {"coat": coat.id})
    cloaks.clock.pass_(minutes=1)
    over = await cloaks.take("A2", phone="", entry=late.secret)
    assert isinstance(over, Refused)
    assert (over.code, over.extras) == ("entry_over", {"cloakroom": cloaks.room.id})
    assert code_of(await cloaks.take("A2", phone="", entry="x" * 22)) == "unknown_entry"
    assert (await cloaks.do(lambda c: tags.find(c, cloaks.room.id, "A2"))).free  # type: ignore[union-attr]


async def test_an_address_of_the_office_names_a_pre_registration_without_its_secret(
    cloaks: Cloaks,
) -> None:
    entry = await registered(cloaks)
    assert isinstance(entry, Entry)

    async def marked(mark: str, room: int = cloaks.room.id) -> Entry | Refused:
        return await cloaks.do(lambda c: entries.marked(c, room, mark, cloaks.clock()))

    assert entry.secret not in entry.mark
    assert await marked(entry.mark) == entry
    for mark, room in ((entry.secret, cloaks.room.id), ("", cloaks.room.id), (entry.mark, 99)):
        assert code_of(await marked(mark, room)) == "unknown_entry"
    cloaks.clock.pass_(minutes=31)
    assert code_of(await marked(entry.mark)) == "unknown_entry"


async def test_a_refused_check_in_leaves_the_pre_registration(cloaks: Cloaks) -> None:
    entry = await registered(cloaks)
    assert isinstance(entry, Entry)
    assert code_of(await cloaks.take("A99", phone="", entry=entry.secret)) == "unknown_tag"
    assert (await cloaks.hung("A9", phone="", entry=entry.secret)).phone == E164


async def test_one_network_may_have_many_visitors_but_not_fill_the_list(cloaks: Cloaks) -> None:
    """Whoever is on the venue's own Wi-Fi has the same address."""
    wanted, by = Registration(cloaks.room.id, PHONE), cloaks.by

    def crowd(connection: Connection) -> list[Entry | Refused]:
        register = partial(entries.register, connection, HOUSE, wanted, by, network=NETWORK)
        return [register() for _ in range(242)]

    answers = await cloaks.do(crowd)
    assert [isinstance(one, Entry) for one in answers] == [True] * 240 + [False] * 2
    assert entries.MAX_LIVE > 4 * 240  # half an hour has a part of four times ten minutes
    cloaks.clock.pass_(minutes=10)
    assert isinstance(await registered(cloaks), Entry)


async def test_an_impossible_phone_number_is_refused(cloaks: Cloaks) -> None:
    for phone in ("0", "110", "+49 0000", "+49 0900 1234567", "call me", "1" * 5000, "\0"):
        assert code_of(await cloaks.take("A1", phone=phone)) == "bad_phone"
        assert code_of(await registered(cloaks, phone)) == "bad_phone"


async def test_of_two_staff_on_one_tag_one_is_told_who_was_first(cloaks: Cloaks) -> None:
    anna, ben = await asyncio.gather(cloaks.take("A1"), cloaks.as_("ben").take("A2", "A1"))
    won, lost = (anna, ben) if isinstance(anna, Coat) else (ben, anna)
    assert isinstance(won, Coat)
    assert isinstance(lost, Refused)
    assert lost.code == "tag_taken"
    assert lost.detail == f"Tag A1 is taken since Sat 21 Nov 14:05, hung by {won.who}."


async def test_of_two_staff_who_hand_out_at_once_one_does(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1")
    both = await asyncio.gather(cloaks.give(coat), cloaks.as_("ben").give(coat, coat.code))
    assert sorted(type(one).__name__ for one in both) == ["Coat", "Refused"]
    assert [one.text for one in await cloaks.messages()] == ["sms.coat_code", "sms.coat_fetched"]


async def test_guessing_codes_has_to_wait(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1")
    wrong = [f"{n:04d}" for n in range(9000, 9012) if f"{n:04d}" != coat.code]
    answers = [code_of(await cloaks.look(one)) for one in wrong[:10]]
    assert answers == ["unknown_code"] * 10
    refused = await cloaks.look(coat.code)
    assert isinstance(refused, Refused)
    assert refused.detail == "Too many wrong tries; try again in 5 minutes."
    assert code_of(await cloaks.give(coat, coat.code)) == "too_often"
    assert await cloaks.look(coat.secret) == [coat]  # nobody guesses links
    assert await cloaks.as_("ben").look(coat.code) == [coat]
    cloaks.clock.pass_(minutes=5)
    assert await cloaks.look(coat.code) == [coat]


async def test_a_count_that_is_forgotten_meanwhile_begins_anew(cloaks: Cloaks) -> None:
    def count(connection: Connection) -> Refused | None:
        @event.listens_for(connection, "after_cursor_execute", once=True)
        def tidied(*_: object) -> None:
            connection.execute(delete(coat_try))

        return tries.may_try(connection, "codes:1:anna", tries.WRONG_CODES, cloaks.clock())

    assert await cloaks.do(count) is None


async def test_what_belongs_to_another_ticket_hands_nothing_out(cloaks: Cloaks) -> None:
    mine, other = await cloaks.hung("A1"), await cloaks.hung("A2", phone="")
    for shown in (mine.code, mine.secret, PHONE):
        assert code_of(await cloaks.give(other, shown)) == "wrong_proof"
    alien = await cloaks.do(lambda c: rooms.save(c, HOUSE, cloakroom(name="South"), cloaks.by))
    south = replace(cloaks, room=alien)
    assert code_of(await south.look(mine.code)) == "unknown_code"
    assert await south.look(PHONE) == [mine]


async def test_what_is_no_proof_is_refused(cloaks: Cloaks) -> None:
    await cloaks.hung("A1")
    hostile = ["", "12", "١٢٣٤", "'; DROP TABLE coat_ticket; --", "\0", "\ud800", "x" * 100_000]
    hostile += ["9" * 22, "https://evil.example/c/", f"javascript:alert(1)//c/{'a' * 22}"]
    for shown in hostile * 2:
        assert code_of(await cloaks.look(shown)) in {"unreadable", "unknown_coat", "unknown_phone"}


async def test_pieces_are_fetched_one_by_one(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1", "A2", "B1")
    first, second = coat.pieces[0].id, coat.pieces[1].id
    part = await cloaks.give(coat, pieces={first})
    assert isinstance(part, Coat)
    assert (part.state, part.tags) == (CoatState.OPEN, "A2, B1")
    again = await cloaks.as_("ben").give(coat, pieces={first, second})
    assert again == Refused(
        "already_fetched", "A1 was already fetched on Sat 21 Nov 14:05 by anna."
    )
    assert code_of(await cloaks.give(coat, pieces={99})) == "unknown_piece"
    rest = await cloaks.give(coat)
    assert isinstance(rest, Coat)
    assert rest.state is CoatState.FETCHED
    told = [one.values["tag"] for one in await cloaks.messages() if "fetched" in one.text]
    assert told == ["A1", "A2, B1"]


async def test_a_piece_comes_later_and_one_hung_elsewhere(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1")
    more = await cloaks.do(lambda c: check_in.hang_more(c, HOUSE, coat.id, "A2", cloaks.by))
    assert isinstance(more, Coat)
    piece = more.pieces[0].id
    moved = await cloaks.do(
        lambda c: check_in.rehang(c, HOUSE, coat.id, "A5", cloaks.by, piece=piece)
    )
    assert isinstance(moved, Coat)
    assert moved.tags == "A5, A2"
    for tag in ("A2", "A5"):
        taken = await cloaks.do(
            lambda c, t=tag: check_in.hang_more(c, HOUSE, coat.id, t, cloaks.by)
        )
        assert code_of(taken) == "tag_taken"
    await cloaks.hung("A1")


async def test_a_supervisor_hands_out_without_a_ticket_and_says_to_whom(cloaks: Cloaks) -> None:
    coat = await cloaks.hung("A1", phone="")

    async def hand_out(reason: str, taker: str) -> Any:
        lost = LostTicket(reason, taker)
        return await cloaks.do(lambda c: check_out.hand_out(c, HOUSE, coat.id, lost, cloaks.by))

    for reason, taker in (("", "Ada"), ("knew the lining", " "), ("a\0", "Ada"), ("x" * 201, "A")):
        assert code_of(await hand_out(reason, taker)) == "no_reason"
    assert isinstance(await hand_out("knew the lining", "Ada L., passport"), Coat)
    assert code_of(await hand_out("knew the lining", "Bob")) == "already_fetched"
    notes = await cloaks.do(lambda c: coats.history(c, coat.id))
    assert notes[-1].what == "fetched A1 without a ticket (knew the lining) to Ada L., passport"
