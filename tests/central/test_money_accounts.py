"""What is posted always comes to nothing, whatever a line costs, is taxed or discounted."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from admission.values import Money
from central.catalogue.offers import ProductKind
from central.money import accounts
from central.money.accounts import ALLOWANCE, RECEIVABLE
from central.sale.states import Line

CENTS = st.integers(0, 100_000).map(lambda cents: Decimal(cents).scaleb(-2))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    price, quantity = draw(CENTS), draw(st.integers(1, 20))
    discount = draw(st.integers(0, int(price * quantity * 100)))
    return Line(
        number=1,
        slot="",
        description="",
        attraction="museum",
        attraction_name={},
        product=draw(st.integers(1, 9)),
        product_name={},
        price=Money(price, "EUR"),
        persons=1,
        quantity=quantity,
        kind=draw(st.sampled_from(ProductKind)),
        tax_percent=draw(st.sampled_from([Decimal(0), Decimal("7.0"), Decimal(19)])),
        discount=Decimal(discount).scaleb(-2),
    )


@given(sold=st.lists(lines(), max_size=4))
def test_a_sale_balances_and_the_visitor_owes_its_total(sold: list[Line]) -> None:
    posted = accounts.sale(sold)
    assert sum(posted.values()) == 0
    total = sum((line.total.amount for line in sold), Decimal(0))
    assert posted.get(RECEIVABLE, 0) == total
    assert sum(accounts.unearned(posted).values()) == 0
    assert accounts.merged(posted, accounts.unearned(posted)) == {}


@given(line=lines(), split=st.integers(0, 20))
def test_all_tickets_returned_one_after_another_undo_the_sale_to_the_cent(
    line: Line, split: int
) -> None:
    numbers = range(line.quantity)
    first = accounts.returned(line, numbers[:split])
    rest = accounts.returned(line, numbers[split:])
    assert sum(first.values()) == sum(rest.values()) == 0
    assert accounts.merged(accounts.sale([line]), first, rest) == {}
    assert all(price >= tax >= 0 for price, tax in accounts.worth(line))


@given(sold=st.lists(lines(), min_size=1, max_size=3), part=CENTS)
def test_an_allowance_balances_and_takes_no_more_tax_than_there_was(
    sold: list[Line], part: Decimal
) -> None:
    posted = accounts.sale(sold)
    amount = min(part, posted.get(RECEIVABLE, Decimal("0.00")))
    given_up = accounts.given_up(amount, posted, to=ALLOWANCE)
    assert sum(given_up.values()) == 0
    assert given_up.get(RECEIVABLE, 0) == -amount
    for account, tax in given_up.items():
        if account.startswith("tax:"):
            assert 0 <= tax <= -posted[account]
