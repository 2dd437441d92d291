"""The kiosk sells alone: only what it has leased, only while central is away, each ticket once."""

from __future__ import annotations

import random
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from support.central import MUSEUM, NOW, TOUR, Client, Clock, central_in
from support.keys import heard, register, revoke
from support.offline import SETTINGS, Alone, PowerCut, alone, order

from admission.codes import SignedCode, SigningKey, genuine, read_code
from admission.facts import LeaseReturned, OfflineSold
from admission.values import Money, TicketState
from central.sale.offline import token_of
from kiosk.goods import IssuedTicket, Refusal, Reservation
from kiosk.keys import KioskKeys
from runtime.centre import CentreFault, NotLetIn
from runtime.settings import BadSettings

TODAY = date(2026, 11, 21)
EUR8 = Money(Decimal("8.00"), "EUR")


@pytest.fixture
async def client(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with central_in(tmp_path / "central", clock) as client:
        yield client


@pytest.fixture
async def kiosk(client: Client, tmp_path: Path) -> AsyncIterator[Alone]:
    """With provisions, and central away."""
    async with alone(client, tmp_path / "kiosk") as kiosk:
        await kiosk.provisions.lay_in()
        kiosk.wire.cut = True
        yield kiosk


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def sell(kiosk: Alone, name: str = "sale-1", quantity: int = 1) -> tuple[IssuedTicket, ...]:
    made = await kiosk.centre.reserve(order(TOUR, quantity), f"{name}-reserve")
    assert isinstance(made, Reservation)
    token = made.token
    assert await kiosk.centre.confirm(token, "SIM-1", made.total, None, f"{name}-confirm") is None
    tickets = await kiosk.centre.issue(token, f"{name}-issue")
    assert not isinstance(tickets, Refusal)
    return tickets


def sold(kiosk: Alone) -> list[OfflineSold]:
    events = (fact.event for fact in kiosk.outbox.after(0))
    return [event for event in events if isinstance(event, OfflineSold)]


async def stands(client: Client) -> tuple[int, int, int]:
    """(sold, reserved, leased)"""
    slot = await client.as_("office-1").get(f"/v1/slots/{TOUR}")
    return slot["sold"], slot["reserved"], slot["leased"]


async def test_a_visitor_buys_while_central_is_away_and_central_books_it(kiosk: Alone) -> None:
    catalogue = await kiosk.centre.catalogue()
    [tour] = [one for one in catalogue.attractions if one.id == "tour"]
    assert {offer.id for offer in tour.products} >= {4}
    assert [day.date for day in await kiosk.centre.days("tour")] == [TODAY]
    [slot] = [one for one in await kiosk.centre.slots("tour", TODAY) if one.id == TOUR]
    assert slot.left == 3
    tickets = await sell(kiosk, quantity=2)
    assert [ticket.price for ticket in tickets] == [EUR8, EUR8]
    assert kiosk.left(TOUR) == 1
    code = read_code(tickets[0].code)
    assert isinstance(code, SignedCode) and code.key == 2
    issuer = (await heard(kiosk.client)).issuer(2)
    assert issuer is not None and genuine(code, issuer) and issuer.device == "kiosk-1"
    await kiosk.heard()
    assert await stands(kiosk.client) == (2, 0, 1)
    request = await kiosk.client.get(f"/v1/requests/{token_of(tickets[0].id)}")
    assert request["tickets"][0]["code"] == tickets[0].code
    assert request["payments"][0]["reference"] == "SIM-1"


async def test_while_central_answers_it_is_asked(kiosk: Alone) -> None:
    kiosk.wire.cut = False
    made = await kiosk.centre.reserve(order(TOUR), "k")
    assert isinstance(made, Reservation)
    assert await stands(kiosk.client) == (0, 1, 3)
    kiosk.wire.cut = True
    with pytest.raises(CentreFault):  # begun there, carried on there
        await kiosk.centre.confirm(made.token, "SIM-1", made.total, None, "k2")


async def test_a_kiosk_that_cannot_sell_alone_asks_central_again_at_once(
    client: Client, tmp_path: Path
) -> None:
    async with alone(client, tmp_path / "kiosk") as kiosk:
        kiosk.wire.cut = True
        with pytest.raises(CentreFault):
            await kiosk.centre.catalogue()
        kiosk.wire.cut = False
        assert await kiosk.centre.catalogue()


async def test_a_refusal_of_central_is_final(kiosk: Alone) -> None:
    kiosk.wire.cut = False
    assert await kiosk.centre.reserve(order(TOUR, 11), "k") == Refusal("no_room", left=9)
    assert kiosk.store.sale("offline-k") is None


async def test_never_more_than_was_leased(kiosk: Alone) -> None:
    await sell(kiosk, "a", 2)
    assert await kiosk.centre.reserve(order(TOUR, 2), "b") == Refusal("no_room", left=1)
    held = await kiosk.centre.reserve(order(TOUR), "c")
    assert isinstance(held, Reservation)
    assert await kiosk.centre.reserve(order(TOUR), "d") == Refusal("no_room", left=0)
    await kiosk.centre.cancel(held.token, "timeout", "c-cancel")
    assert isinstance(await kiosk.centre.reserve(order(TOUR), "e"), Reservation)


@pytest.mark.parametrize("slot", ["tour-20261121T1700Z", "nothing"])
async def test_what_is_not_leased_is_not_sold(kiosk: Alone, slot: str) -> None:
    with pytest.raises(CentreFault):
        await kiosk.centre.reserve(order(slot), "k")


async def test_nothing_is_sold_beyond_the_end_of_a_lease(client: Client, tmp_path: Path) -> None:
    async with alone(client, tmp_path / "k", replace(SETTINGS, minutes=30)) as kiosk:
        await kiosk.provisions.lay_in()
        kiosk.wire.cut = True
        late = await kiosk.centre.reserve(order(TOUR), "a")
        assert isinstance(late, Reservation)
        client.clock.pass_(minutes=20)
        with pytest.raises(CentreFault):
            await kiosk.centre.reserve(order(TOUR), "b")
        assert await kiosk.centre.confirm(late.token, "S", late.total, None, "c") is None
        client.clock.pass_(minutes=10)
        assert await kiosk.centre.issue(late.token, "d") == Refusal("expired")
        assert sold(kiosk) == []


async def test_what_nobody_sells_any_more_is_not_sold_alone_either(kiosk: Alone) -> None:
    """The tour has begun and goes on for 45 minutes; after 10 of them no gate admits to it."""
    kiosk.client.clock.pass_(minutes=26)
    assert TOUR not in [slot.id for slot in await kiosk.centre.slots("tour", TODAY)]
    with pytest.raises(CentreFault):
        await kiosk.centre.reserve(order(TOUR), "k")


async def test_a_kiosk_that_central_does_not_let_in_sells_nothing(
    kiosk: Alone,
) -> None:
    async def shut(*_: object) -> None:
        raise NotLetIn("401", "token")

    kiosk.wire.reserve = shut
    kiosk.wire.cut = False
    with pytest.raises(NotLetIn):
        await kiosk.centre.reserve(order(TOUR), "k")


async def test_a_clock_that_went_back_sells_nothing(kiosk: Alone) -> None:
    kiosk.client.clock.pass_(days=-300)
    with pytest.raises(CentreFault):
        await kiosk.centre.reserve(order(TOUR), "k")


async def test_a_wrong_amount_and_a_second_payment_are_refused(kiosk: Alone) -> None:
    made = await kiosk.centre.reserve(order(TOUR), "k")
    assert isinstance(made, Reservation)
    pay = kiosk.centre.confirm
    assert await pay(made.token, "S", EUR8 + EUR8, None, "1") == Refusal("wrong_amount")
    assert await kiosk.centre.issue(made.token, "2") == Refusal("not_confirmed")
    assert await pay(made.token, "S", EUR8, None, "3") is None
    assert await pay(made.token, "S", EUR8, None, "4") is None
    assert await pay(made.token, "T", EUR8, None, "5") == Refusal("already_confirmed")


async def test_a_revoked_kiosk_sells_no_more_and_says_so(
    kiosk: Alone, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kiosk.wire.cut = False
    await revoke(kiosk.client, "kiosk-1")
    await kiosk.provisions.lay_in()
    kiosk.wire.cut = True
    assert "was revoked" in caplog.text
    with pytest.raises(CentreFault):
        await kiosk.centre.reserve(order(TOUR), "k")
    again = KioskKeys(tmp_path / "kiosk", "kiosk-1")
    assert again.signing(kiosk.client.clock()) is None
    assert again.why_not(kiosk.client.clock()) == "the key of this kiosk was revoked"
    await kiosk.heard()
    assert (await stands(kiosk.client))[2] == 0


async def test_a_stolen_kiosk(kiosk: Alone) -> None:
    """What it sold before it was stolen opens gates, what it sells later does not."""
    [before] = await sell(kiosk, "a")
    kiosk.client.clock.pass_(minutes=10)
    [after] = await sell(kiosk, "b")
    await revoke(kiosk.client, "kiosk-1", minutes=5)
    await kiosk.heard()
    ledger = await heard(kiosk.client)
    tickets = [ledger.ticket(before.id), ledger.ticket(after.id)]
    assert [one and one.state for one in tickets] == [TicketState.VALID, TicketState.BLOCKED]


async def test_the_key_is_renewed_before_it_ends_and_the_old_one_signs_meanwhile(
    client: Client, tmp_path: Path
) -> None:
    folder, clock = tmp_path / "kiosk", client.clock
    async with alone(client, folder) as kiosk:
        await kiosk.provisions.lay_in()
        clock.pass_(days=61)
        await kiosk.provisions.lay_in()
        await kiosk.provisions.lay_in()
        assert len((await client.get("/v1/keys"))["keys"]) == 3
        key = kiosk.keys.signing(clock())
        assert key is not None and key.id == 2
        clock.pass_(days=1)
        key = kiosk.keys.signing(clock())
        assert key is not None and key.id == 3
        clock.pass_(days=30)
        await kiosk.provisions.lay_in()
    files = sorted(folder.glob("kiosk*"))
    assert [f.name for f in files if not f.name.startswith("kiosk.db")] == ["kiosk-3.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.glob("*.key")} == {0o600}


async def test_a_kiosk_that_was_refused_a_key_asks_again(client: Client, tmp_path: Path) -> None:
    for disk in "abc":
        await register(client, SigningKey(0, disk.encode() * 32, NOW).issuer.public)
    async with alone(client, tmp_path / "kiosk") as kiosk:
        await kiosk.provisions.lay_in()
        assert kiosk.keys.signing(client.clock()) is None
        client.clock.pass_(days=92)
        await kiosk.provisions.lay_in()
        assert kiosk.keys.signing(client.clock()) is not None


async def test_a_key_that_others_may_read_stops_the_kiosk(kiosk: Alone, tmp_path: Path) -> None:
    (tmp_path / "kiosk" / "kiosk-2.key").chmod(0o644)
    with pytest.raises(BadSettings, match="others may read it"):
        KioskKeys(tmp_path / "kiosk", "kiosk-1")


async def test_leases_are_renewed_and_what_is_left_of_the_old_ones_is_given_back(
    kiosk: Alone,
) -> None:
    await sell(kiosk)
    kiosk.wire.cut = False
    await kiosk.heard()
    first = {one.lease.id for one in kiosk.store.stock()}
    kiosk.client.clock.pass_(minutes=15)
    await kiosk.provisions.lay_in()
    assert {one.lease.id for one in kiosk.store.stock()} == first
    kiosk.client.clock.pass_(minutes=46)
    await kiosk.provisions.lay_in()
    returned = [f.event for f in kiosk.outbox.after(0) if isinstance(f.event, LeaseReturned)]
    assert returned and not first & {one.lease.id for one in kiosk.store.stock()}
    await kiosk.heard()
    told = (await kiosk.client.get("/v1/leases"))["leases"]
    live = [one for one in told if one["places"] > one["returned"]]
    assert {one["id"] for one in live} == {one.lease.id for one in kiosk.store.stock()}


async def test_a_new_disk_gives_the_old_leases_back(client: Client, tmp_path: Path) -> None:
    for disk in ("old", "new"):
        async with alone(client, tmp_path / disk) as kiosk:
            await kiosk.provisions.lay_in()
    assert await stands(client) == (0, 0, 3)


async def test_without_places_wanted_nothing_is_leased(client: Client, tmp_path: Path) -> None:
    async with alone(client, tmp_path / "k", replace(SETTINGS, places=0)) as kiosk:
        await kiosk.provisions.lay_in()
        kiosk.wire.cut = True
        with pytest.raises(CentreFault):
            await kiosk.centre.catalogue()
    assert await stands(client) == (0, 0, 0)
    assert not list((tmp_path / "k").glob("*.key"))


async def test_a_sale_that_was_told_and_reversed_is_cancelled_at_central(kiosk: Alone) -> None:
    [ticket] = await sell(kiosk)
    token = "offline-sale-1-reserve"
    with pytest.raises(CentreFault, match="has not heard of this sale"):
        await kiosk.centre.cancel(token, "patience", "c")
    kiosk.wire.cut = False
    await kiosk.heard()
    assert await kiosk.centre.cancel(token, "patience", "c") is None
    known = (await heard(kiosk.client)).ticket(ticket.id)
    assert known is not None and known.state is TicketState.CANCELLED
    assert await stands(kiosk.client) == (0, 0, 2)
    assert kiosk.left(TOUR) == 2, "central may have sold its place to somebody else"


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_power_cut_between_any_two_steps_sells_once_or_not_at_all(
    client: Client, tmp_path: Path, goes_on: bool
) -> None:
    """The clerk asks again with the same keys, or cancels; the journal tells it which."""
    async with alone(client, tmp_path / "before") as kiosk:
        await kiosk.provisions.lay_in()
    for cut in range(1, 40):
        folder = tmp_path / str(cut)
        shutil.copytree(tmp_path / "before", folder)
        through = True
        try:
            async with alone(client, folder, cut_at=cut) as kiosk:
                kiosk.wire.cut = True
                await sell(kiosk)
        except PowerCut:
            through = False
        async with alone(client, folder) as kiosk:
            kiosk.wire.cut = True
            if goes_on or through:
                tickets = await sell(kiosk)
                assert await sell(kiosk) == tickets
                told = [event.issued.id for event in sold(kiosk)]
                assert told == [ticket.id for ticket in tickets], f"cut at {cut}"
                assert kiosk.left(TOUR) == 2
            else:
                await _call_off(kiosk)
        if through:
            break
    else:
        pytest.fail("the sale never got through")
    assert cut > 6


async def _call_off(kiosk: Alone) -> None:
    """What central will hear of is cancelled there or not at all; anything else was never sold."""
    told = sold(kiosk)
    if told:
        with pytest.raises(CentreFault):
            await kiosk.centre.cancel("offline-sale-1-reserve", "restart", "c")
    else:
        await kiosk.centre.cancel("offline-sale-1-reserve", "restart", "c")
    assert sold(kiosk) == told
    assert kiosk.left(TOUR) == (2 if told else 3)


async def test_every_attraction_has_its_leases(kiosk: Alone) -> None:
    assert kiosk.left(MUSEUM) == 3


@pytest.mark.parametrize("seed", range(4))
async def test_a_slot_is_never_oversold_whatever_is_sold_where(
    client: Client, tmp_path: Path, seed: int
) -> None:
    """Twelve places, a kiosk that is cut off now and then, a web shop. Central hears of offline
    sales before their leases run out; what it hears later can only be a conflict."""
    dice, web = random.Random(seed), client.as_("web-1")
    bought = 0
    async with alone(client, tmp_path / "kiosk") as kiosk:
        for step in range(40):
            match dice.choice(("lay in", "alone", "alone", "web", "tell", "wait")):
                case "lay in":
                    kiosk.wire.cut = False
                    await kiosk.provisions.lay_in()
                case "alone":
                    kiosk.wire.cut = True
                    with suppress(CentreFault):
                        made = await kiosk.centre.reserve(
                            order(TOUR, dice.randint(1, 2)), f"{step}"
                        )
                        if isinstance(made, Reservation):
                            await kiosk.centre.confirm(
                                made.token, "S", made.total, None, f"{step}c"
                            )
                            issued = await kiosk.centre.issue(made.token, f"{step}i")
                            bought += len(issued) if isinstance(issued, tuple) else 0
                case "web":
                    made = await web.reserve(4, TOUR, 1, None, channel="web")
                    if "token" in made:
                        await web.confirm(made)
                        bought += 1
                case "tell":
                    await kiosk.heard()
                case "wait":
                    client.clock.pass_(minutes=dice.choice((0.1, 0.5)))
            assert sum(await stands(client)) <= 12
        await kiosk.heard()
    assert (await stands(client))[0] == bought <= 12
    assert (await client.as_("office-1").get("/v1/conflicts"))["conflicts"] == []
