"""After hours: what nobody fetches is not there any more, and that is told; on both databases."""

from __future__ import annotations

from decimal import Decimal

from support.central import Clock
from support.coats import HOUSE, Cloaks, cloaks_in, code_of

from central.coats import closing, coats
from central.coats.values import Coat, CoatState, PayWhen
from central.sale.states import Refused


async def test_what_nobody_fetches_is_disposed_of_and_that_is_told(cloaks: Cloaks) -> None:
    coat, hanging = await cloaks.hung("A1", "A2"), await cloaks.hung("A3", phone="")
    first = {coat.pieces[0].id}
    await cloaks.give(coat, pieces=first)
    cloaks.clock.pass_(minutes=1)
    await cloaks.do(lambda c: closing.leave_behind(c, HOUSE, coat.id, "Box 4", cloaks.by))
    sent = await cloaks.messages()

    async def dispose(one: Coat, what: str = "given to the town's office") -> Coat | Refused:
        return await cloaks.do(lambda c: closing.dispose(c, HOUSE, one.id, what, cloaks.by))

    for what in (" ", "x" * 201, "a\0"):
        assert code_of(await dispose(coat, what)) == "no_place"
    for one, tags_of in ((coat, ["A2"]), (hanging, ["A3"])):
        done = await dispose(one)
        assert isinstance(done, Coat)
        assert (done.state, done.waiting, done.due.amount) == (CoatState.DISPOSED, (), 0)
        assert [piece.tag for piece in done.disposed] == tags_of
    told = (
        "Nobody fetched it: disposed of on Sat 21 Nov 14:06 by anna (given to the town's office)."
    )
    over = Refused("already_fetched", told, {"coat": coat.id})
    for shown in (coat.secret, coat.code):
        assert await cloaks.give(coat, shown) == over
        assert await cloaks.look(shown) == over
    assert await dispose(coat) == over
    notes = await cloaks.do(lambda c: coats.history(c, coat.id))
    assert notes[-1].what == "disposed of A2: given to the town's office"
    after = await cloaks.messages()  # nobody is told that it was fetched; no code goes out any more
    assert [one.text for one in after] == [one.text for one in sent]
    assert {one.state for one in after if one.text != "sms.coat_fetched"} == {"dropped"}
    assert await cloaks.do(lambda c: coats.left_ones(c, cloaks.room.id)) == []
    await cloaks.hung("A1", "A2", "A3")


async def test_what_was_never_paid_is_told_when_it_is_disposed_of(
    database_url: str, clock: Clock
) -> None:
    fee = {"payment": PayWhen.PICK_UP, "price": Decimal("2.5")}
    async with cloaks_in(database_url, clock, **fee) as cloaks:
        coat = await cloaks.hung("A1")
        await cloaks.do(lambda c: closing.dispose(c, HOUSE, coat.id, "thrown away", cloaks.by))
        notes = await cloaks.do(lambda c: coats.history(c, coat.id))
        assert notes[-1].what == "disposed of A1: thrown away; 2.50 EUR never paid"
