"""A quote is what a request costs at that moment, and holds nothing; what is open needs no slot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from support.central import CONFIG, MUSEUM, NOW, TOUR, Client, Clock

from central.catalogue.planning import plan
from central.catalogue.prices import minor_unit
from central.catalogue.venue import load_venue
from central.sale import cart, promotions, requests
from central.sale.promotions import Applied, Per, Promo
from central.sale.states import By, Refused, TicketRequest
from central.sale.wishes import Wanted, Wish
from central.store.database import make_engine, migrate

VENUE = load_venue(CONFIG / "venue.toml")
CONCERT_LATER = "concert-20261219T1900Z"
CONCERT_SUNDAY = "concert-20261220T1900Z"
CENTS = st.integers(1, 5000).map(lambda cents: Decimal(cents).scaleb(-2))


@pytest.fixture(scope="module")
def store() -> Iterator[Connection]:
    engine = make_engine("sqlite://")
    migrate(engine)
    with engine.connect() as connection:
        plan(connection, VENUE, NOW)
        yield connection
    engine.dispose()


WANTED = st.builds(
    Wanted, st.sampled_from([1, 2, 3]), st.just(MUSEUM), st.integers(1, 4)
) | st.builds(Wanted, st.sampled_from([8, 9]), quantity=st.integers(1, 3))
CONCERTS = st.sampled_from([CONCERT_LATER, CONCERT_SUNDAY])
LATER = st.builds(Wanted, st.sampled_from([6, 7]), CONCERTS, st.just(1))
PERCENT = st.integers(1, 100).map(Decimal)
PROMOS = st.lists(
    st.tuples(
        PERCENT.map(lambda off: (off, None)) | CENTS.map(lambda off: (None, off)),
        st.sampled_from(Per),
        st.sampled_from([(), (1,), (3, 8)]),
        st.sampled_from([None, 1, 2]),
    ),
    max_size=3,
)


@given(lines=st.lists(WANTED | LATER, min_size=1, max_size=5), told=PROMOS)
def test_quote_and_request_are_the_same_and_add_up(
    store: Connection,
    lines: list[Wanted],
    told: list[tuple[tuple[Decimal | None, Decimal | None], Per, tuple[int, ...], int | None]],
) -> None:
    by = By("office-1", NOW)
    codes = []
    for off, per, products, most in told:
        promo = Promo("", *off, per, max_per_order=most, products=products)
        code = promotions.create(store, promo, by)
        assert isinstance(code, Promo)
        codes.append(code.code)
    wish = Wish(tuple(lines), "office", "en", timedelta(minutes=4), tuple(codes))
    quoted = cart.quote(store, VENUE, wish, by)
    made = requests.reserve(store, VENUE, wish, by)
    if isinstance(quoted, Refused) or isinstance(made, Refused):
        assert isinstance(quoted, Refused)
        assert quoted == made
        assert quoted.code == "promo_not_applicable"
        return
    assert isinstance(made, TicketRequest)
    requests.cancel(store, made.token, "", by)
    assert made.lines == quoted.lines
    assert_it_adds_up(quoted, made)


def assert_it_adds_up(quoted: Applied, made: TicketRequest) -> None:
    full = sum((line.price.amount * line.quantity for line in quoted.lines), Decimal(0))
    taken_off = sum((use.amount for use in quoted.uses), Decimal(0))
    assert made.total.amount == full - taken_off >= 0
    assert all(line.total.amount >= 0 and line.discount >= 0 for line in quoted.lines)
    assert all(0 <= line.tax.amount <= line.total.amount for line in quoted.lines)
    assert made.tax.amount == sum(line.tax.amount for line in made.lines)
    assert made.total.amount % minor_unit("EUR") == 0


async def test_a_quote_tells_the_rule_the_tax_and_the_total(kiosk: Client) -> None:
    lines = [
        {"product": 1, "slot": MUSEUM, "quantity": 2},
        {"product": 6, "slot": CONCERT_LATER},
        {"product": 6, "slot": CONCERT_SUNDAY, "quantity": 2},
        {"product": 6, "slot": "concert-20261122T1900Z"},
    ]
    quote = await kiosk.post("/v1/quotes", {"lines": lines, "channel": "kiosk"})
    told = [(q["price"]["amount"], q["rule"], q["tax"]["amount"]) for q in quote["lines"]]
    assert told == [
        ("12.00", "", "1.57"),
        ("20.00", "early bird", "1.31"),
        ("15.00", "Sunday, early", "1.96"),
        ("25.00", "", "1.64"),
    ]
    assert quote["total"] == {"amount": "99.00", "currency": "EUR"}
    assert quote["tax"]["amount"] == "6.48"
    request = await kiosk.post("/v1/requests", {"lines": lines, "channel": "kiosk"}, 201)
    assert (request["total"], request["lines"]) == (quote["total"], quote["lines"])


async def test_a_quote_holds_nothing(kiosk: Client) -> None:
    line = {"product": 4, "slot": TOUR, "quantity": 12}
    await kiosk.post("/v1/quotes", {"lines": [line], "channel": "kiosk"})
    assert await kiosk.left(TOUR) == 12


async def test_the_price_stays_as_it_was_reserved(kiosk: Client, clock: Clock) -> None:
    clock.now = datetime(2026, 12, 5, 22, 58, tzinfo=UTC)
    request = await kiosk.reserve(6, CONCERT_LATER)
    clock.pass_(minutes=3)
    later = await kiosk.reserve(6, CONCERT_LATER)
    assert [r["total"]["amount"] for r in (request, later)] == ["20.00", "25.00"]
    assert (await kiosk.confirm(request))["total"]["amount"] == "20.00"


async def test_each_channel_sees_and_sells_what_is_its_own(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")
    for client, sells_passes in ((kiosk, False), (office, True)):
        museum = (await client.get("/v1/catalogue"))["attractions"][0]
        ids = {product["id"] for product in museum["products"]}
        assert ids >= {1, 2, 3}
        assert (ids >= {8, 9}, bool(ids & {8, 9})) == (sells_passes, sells_passes)
    wish = {"lines": [{"product": 8}], "channel": "kiosk"}
    assert (await kiosk.post("/v1/requests", wish, 409))["code"] == "not_sold_here"


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ({"product": 8, "slot": MUSEUM}, 404, "unknown_slot"),
        ({"product": 1}, 404, "unknown_slot"),
        ({"product": 8, "day": "2026-11-20"}, 409, "wrong_day"),
        ({"product": 8, "day": "2999-01-01"}, 409, "wrong_day"),
        ({"product": 8, "day": "tomorrow"}, 400, "invalid"),
        ({"product": 8, "slot": "x" * 65}, 400, "invalid"),
        ({"product": 8, "quantity": 21}, 400, "invalid"),
    ],
)
async def test_what_makes_no_cart_is_refused(
    kiosk: Client, line: dict[str, Any], status: int, code: str
) -> None:
    body = {"lines": [line], "channel": "office"}
    for path in ("/v1/quotes", "/v1/requests"):
        assert (await kiosk.post(path, body, status))["code"] == code


async def test_a_pass_is_good_from_midnight_of_its_day_at_all_its_attractions(
    kiosk: Client,
) -> None:
    body = {"lines": [{"product": 8, "day": "2026-12-01"}], "channel": "office"}
    request = await kiosk.post("/v1/requests", body, 201)
    assert request["lines"][0]["description"] == "01 Dec 2026 - 30 Nov 2027"
    await kiosk.confirm(request)
    [ticket] = (await kiosk.issue(request))["tickets"]
    assert ticket["valid_from"] == "2026-11-30T23:00:00+00:00"
    assert ticket["valid_until"] == "2027-11-30T23:00:00+00:00"
    entitlements = [
        (e.attraction, e.validation.value)
        for product in kiosk.api.venue.products()
        if product.id == 8
        for e in product.entitlements
    ]
    assert entitlements == [("museum", "period"), ("tour", "period")]
