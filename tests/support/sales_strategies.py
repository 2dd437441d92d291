"""What is drawn for a life of sales."""

from __future__ import annotations

from hypothesis import strategies as st
from support.sales_buying import Reserve, Wanted
from support.sales_deeds import Paying
from support.sales_office import Choose, EndDay, Exchange
from support.sales_paying import Cancel, Confirm, Issue, Pay
from support.sales_places import (
    BlockPromo,
    BlockVoucher,
    MakeVoucher,
    Resize,
    ReturnLease,
    ShutOrOpen,
    TakeLease,
    UseLease,
)
from support.sales_returns import Refund, ReturnTickets, Void
from support.sales_venue import MUSEUM, MUSEUM_TOMORROW, PASS, SOMETIMES, TOURS, VOUCHER

few = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4, 5])
kiosks = st.sampled_from(["kiosk-1", "kiosk-2"])
clients = st.sampled_from(["kiosk-1", "kiosk-2", "office-1", "office-1", "web-1"])
tours = st.sampled_from([*[TOURS[0]] * 5, *TOURS * 2, *SOMETIMES])
seats = st.builds(Wanted, st.sampled_from([4, 4, 5, 6, 7]), tours, st.integers(1, 4))
visits = st.builds(
    Wanted, st.just(1), st.sampled_from([MUSEUM, MUSEUM_TOMORROW]), st.integers(1, 3)
)
others = st.builds(Wanted, st.sampled_from([PASS, VOUCHER]), st.just(""), st.integers(1, 2))
lines = st.one_of(seats, seats, seats, visits, others)
unlimited = st.one_of(st.tuples(visits), st.tuples(others))
carts = st.one_of(st.tuples(lines), st.tuples(seats), st.tuples(lines, lines))
promos = st.sampled_from(["", "", "", "HALF", "EACH"])
payings = st.builds(Paying, st.sampled_from(["cash", "cash", "card", "voucher"]), few)

reserves = st.builds(Reserve, clients, carts, promos, st.booleans())
confirms = st.builds(Confirm, few, clients, payings, st.sampled_from([0, 0, 0, 0, -1, 1]))
pays = st.builds(Pay, few, clients, payings, st.sampled_from([0, 33, 50, 100, 120]))
issues = st.builds(Issue, few, clients)
cancels = st.builds(Cancel, few, clients)
options = st.sampled_from(["direct", "prepaid", "postpaid", "not_paid", "invitation"])
chooses = st.builds(Choose, few, options)
refunds = st.builds(Refund, few, payings, st.sampled_from([None, None, 0, 30, 50, 100, 130]))
returns = st.builds(ReturnTickets, few, few, st.integers(1, 3), payings)
voids = st.builds(Void, few)
exchanges = st.builds(Exchange, few, few, st.integers(0, 2), payings, st.sampled_from([0, 0, 0, 1]))
leases = st.builds(TakeLease, kiosks, tours, st.integers(1, 4), st.sampled_from([1, 5, 30, 60]))
sold_offline = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 2)),
    min_size=1,
    max_size=3,
    unique_by=lambda t: t[0],
).map(tuple)
uses = st.builds(UseLease, few, kiosks, sold_offline)
returned = st.builds(ReturnLease, few, kiosks)
shuts = st.builds(ShutOrOpen, tours, st.sampled_from([True, False, False]))
resizes = st.builds(Resize, tours, st.none() | st.integers(0, 9), st.booleans())
vouchers = st.builds(MakeVoucher, st.sampled_from([500, 800, 1601, 9900]))
blocks = st.builds(BlockVoucher, few) | st.builds(BlockPromo, st.sampled_from(["HALF", "EACH"]))
ends = st.builds(EndDay, clients)
deeds = st.one_of(
    reserves, reserves, confirms, confirms, pays, issues, cancels, chooses, refunds, returns,
    voids, exchanges, leases, uses, returned, shuts, resizes, vouchers, ends,
)  # fmt: skip
afterthoughts = st.one_of(returns, returns, chooses, refunds, exchanges)
