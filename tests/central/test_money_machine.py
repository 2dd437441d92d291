"""Whatever happens to money in whatever order: the ledger balances, and nobody gets back more
than he paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, select
from support.central import CONFIG, NOW

from admission.codes import SigningKey
from admission.facts import Admitted, Fact
from admission.values import Money
from central import feed, requests, tickets
from central.database import make_engine, migrate
from central.money import accounts, days, dues, ledger, payments, returns
from central.money.dues import PaymentOption, Terms
from central.money.exchange import Exchange, exchange
from central.money.returns import Refund
from central.planning import plan
from central.request_rows import find
from central.request_rows import payments as paid_so_far
from central.schema import money_entry, posting
from central.states import By, Payment, Refused, Status, TicketRequest
from central.venue import load_venue
from central.wishes import Wanted, Wish

VENUE = load_venue(CONFIG / "venue.toml")
KEY = SigningKey(1, bytes(32), NOW)
CHOICE = st.integers(0, 30)
CENTS = st.integers(-5, 2000).map(lambda cents: Decimal(cents) / 100)
METHODS = st.sampled_from(["cash", "card"])
DEVICES = st.sampled_from(["kiosk-1", "office-1"])
TOURS = ("tour-20261121T1330Z", "tour-20261121T1400Z")


class Office(RuleBasedStateMachine):
    """Two tills, and customers who change their minds."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW - timedelta(hours=1)
        self.tokens: list[str] = []
        self.entered = 0

    @initialize()
    def open(self) -> None:
        self.engine = make_engine("sqlite://")
        migrate(self.engine)
        self.connection: Connection = self.engine.connect()
        plan(self.connection, VENUE, self.now)

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    def by(self, device: str = "office-1") -> By:
        return By(device, self.now)

    def one(self, choice: int) -> TicketRequest | None:
        if not self.tokens:
            return None
        found = find(self.connection, self.tokens[choice % len(self.tokens)])
        assert isinstance(found, TicketRequest)
        return found

    @rule(product=st.sampled_from([4, 5]), tour=st.sampled_from(TOURS), count=st.integers(1, 3))
    def reserve(self, product: int, tour: str, count: int) -> None:
        wish = Wish((Wanted(product, tour, count),), "kiosk", "en", timedelta(minutes=9))
        made = requests.reserve(self.connection, VENUE, wish, self.by())
        if isinstance(made, TicketRequest):
            self.tokens.append(made.token)

    @rule(choice=CHOICE, method=METHODS, device=DEVICES)
    def confirm(self, choice: int, method: str, device: str) -> None:
        if request := self.one(choice):
            payment = Payment(method, "1", dues.due(self.connection, request))
            requests.confirm(self.connection, request.token, payment, None, self.by(device))
            tickets.issue(self.connection, request.token, KEY, self.by(device))

    @rule(choice=CHOICE, amount=CENTS, method=METHODS, device=DEVICES)
    def pay_a_part(self, choice: int, amount: Decimal, method: str, device: str) -> None:
        if request := self.one(choice):
            due = dues.due(self.connection, request).amount
            payment = Payment(method, "1", Money(amount, "EUR"))
            paid = payments.pay(self.connection, request.token, payment, None, self.by(device))
            assert isinstance(paid, Refused) or 0 < amount <= due

    @rule(choice=CHOICE, option=st.sampled_from(PaymentOption))
    def pay_later(self, choice: int, option: PaymentOption) -> None:
        if request := self.one(choice):
            payments.choose(self.connection, request.token, Terms(option, "x"), self.by())
            tickets.issue(self.connection, request.token, KEY, self.by())

    @rule(choice=CHOICE, amount=st.none() | CENTS, method=METHODS, device=DEVICES)
    def refund(self, choice: int, amount: Decimal | None, method: str, device: str) -> None:
        if request := self.one(choice):
            paid = ledger.balances(self.connection, request.id).paid
            asked = None if amount is None else Money(amount, "EUR")
            wanted = Refund(method, "1", "x", asked)
            done = returns.refund(self.connection, request.token, wanted, self.by(device))
            if isinstance(done, TicketRequest):
                back = paid - ledger.balances(self.connection, request.id).paid
                assert 0 < back == (paid if amount is None else amount) <= paid

    @rule(choice=CHOICE, ticket=CHOICE)
    def give_a_ticket_back(self, choice: int, ticket: int) -> None:
        request = self.one(choice)
        if request and (ours := returns.standing(self.connection, request)):
            wanted = Refund("cash", "1", "x", tickets=(ours[ticket % len(ours)].ticket.id,))
            returns.refund(self.connection, request.token, wanted, self.by())

    @rule(choice=CHOICE, device=DEVICES)
    def void(self, choice: int, device: str) -> None:
        if request := self.one(choice):
            done = returns.void(self.connection, VENUE.zone, request.token, "x", self.by(device))
            if isinstance(done, TicketRequest):
                assert ledger.balances(self.connection, request.id).accounts == {}

    @rule(new=CHOICE, old=CHOICE, tickets=st.integers(0, 2), short=st.booleans())
    def exchange(self, new: int, old: int, tickets: int, short: bool) -> None:
        one, other = self.one(new), self.one(old)
        if one and other:
            ids = [t.ticket.id for t in returns.standing(self.connection, other)][:tickets]
            wanted = Exchange(other.token, tuple(ids))
            before = self.total()
            done = exchange(self.connection, VENUE, one.token, wanted, self.by())
            if isinstance(done, Refused) and "due" in done.extras and not short:
                rest = Money(Decimal(done.extras["due"]["amount"]), "EUR")
                wanted = Exchange(other.token, tuple(ids), Payment("cash", "1", rest))
                done = exchange(self.connection, VENUE, one.token, wanted, self.by())
            if isinstance(done, Refused):
                assert self.total() == before

    @rule(choice=CHOICE)
    def cancel(self, choice: int) -> None:
        if request := self.one(choice):
            requests.cancel(self.connection, request.token, "x", self.by())

    @rule(choice=CHOICE)
    def somebody_goes_in(self, choice: int) -> None:
        request = self.one(choice)
        if request and (ours := returns.standing(self.connection, request)):
            self.entered += 1
            entry = Admitted(ours[0].ticket.id, "tour", "1", 1)
            feed.accept(self.connection, [Fact("gate-1", self.entered, self.now, entry)], self.now)

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(device=DEVICES)
    def the_day_ends(self, device: str) -> None:
        days.close(self.connection, device, self.by())

    def total(self) -> int:
        return len(self.connection.execute(select(money_entry.c.id)).all())

    @invariant()
    def the_ledger_balances(self) -> None:
        if not hasattr(self, "connection"):
            return
        sums: dict[int, Decimal] = {}
        exchanged = Decimal(0)
        for entry, account, amount in self.connection.execute(select(posting)):
            sums[entry] = sums.get(entry, Decimal(0)) + amount
            exchanged += amount if account.startswith("paid:exchange:") else 0
        assert not any(sums.values())
        assert exchanged == 0

    @invariant()
    def every_request_is_right(self) -> None:
        for number in range(len(self.tokens)):
            request = self.one(number)
            assert request
            balances = ledger.balances(self.connection, request.id)
            receipts = ledger.receipts(self.connection, request.id)
            assert balances.paid == sum(r.amount.amount for r in receipts) >= 0
            taken = sum(p.amount.amount for _, p in paid_so_far(self.connection, request.id))
            assert taken == sum(r.amount.amount for r in receipts if r.kind == "payment")
            match request.status:
                case Status.CONFIRMED:
                    assert -balances.owed <= balances.paid
                case Status.CANCELLED:
                    assert -balances.owed == balances.paid
                    assert accounts.income(balances.accounts) == {}
                case _:
                    assert -balances.owed == balances.paid <= request.total.amount

    @invariant()
    def receipts_have_no_gap(self) -> None:
        if not hasattr(self, "connection"):
            return
        for device in ("kiosk-1", "office-1"):
            numbers = self.connection.scalars(
                select(money_entry.c.receipt)
                .where(money_entry.c.device == device, money_entry.c.receipt.is_not(None))
                .order_by(money_entry.c.id)
            ).all()
            assert numbers == list(range(1, len(numbers) + 1))


class TestMoney(Office.TestCase):
    settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
