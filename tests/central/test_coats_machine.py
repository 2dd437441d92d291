"""Whatever staff do in whatever order: a tag has one piece, a code one open ticket, a rack no more
than it carries, each piece is fetched once at most, and the till has what was paid."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, func, select
from support.central import NOW, empty_sqlite
from support.coats import HOUSE, open_room

from central.coats import check_in, check_out, closing, coats, paying, rooms, tags
from central.coats.values import Coat, Deposit, Pay, PayWhen, TagState
from central.sale.states import By, Refused
from central.service import tidy
from central.store.database import make_engine
from central.store.schema import coat_piece, coat_ticket, posting

TAGS = [f"A{n}" for n in range(1, 4)] + [f"B{n}" for n in range(1, 6)]
TAG, CHOICE = st.sampled_from(TAGS), st.integers(0, 30)
PAY = st.sampled_from([None, Pay("cash"), Pay("card", "7"), Pay("voucher", "none")])
EXPECTED = {
    *("tag_taken", "tag_retired", "rack_full", "not_paid", "already_fetched", "not_open"),
    *("unknown_piece", "unknown_voucher", "wrong_amount"),
}


class Counters(RuleBasedStateMachine):
    """One cloakroom: rack A carries 10, rack B two of its five tags."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.made: list[Coat] = []
        self.given: Counter[int] = Counter()

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.engine = make_engine(empty_sqlite(Path(self.folder.name) / "central.sqlite"))
        self.connection: Connection = self.engine.connect()
        fee = {"payment": PayWhen.PICK_UP, "price": Decimal(2)}
        self.room = open_room(self.connection, self.by, **fee)

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()
        self.folder.cleanup()

    @property
    def by(self) -> By:
        return By("anna", self.now)

    def coat(self, choice: int) -> Coat:
        found = coats.find(self.connection, self.made[choice % len(self.made)].id)
        assert isinstance(found, Coat)
        return found

    def took(self, before: Coat | None, done: Coat | Refused) -> bool:
        if isinstance(done, Refused):
            assert done.code in EXPECTED, done
            if before:
                assert coats.find(self.connection, before.id) == before
        return isinstance(done, Coat)

    @rule(texts=st.lists(TAG, min_size=1, max_size=3, unique=True), pay=PAY)
    def hang(self, texts: list[str], pay: Pay | None) -> None:
        deposit = Deposit(self.room.id, tuple(texts), pay=pay)
        made = check_in.check_in(self.connection, HOUSE, deposit, self.by)
        if self.took(None, made) and isinstance(made, Coat):
            self.made.append(made)

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE, tag=TAG)
    def one_more(self, choice: int, tag: str) -> None:
        coat = self.coat(choice)
        self.took(coat, check_in.hang_more(self.connection, HOUSE, coat.id, tag, self.by))

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE, only=st.integers(-1, 2), by_code=st.booleans(), pay=PAY)
    def fetch(self, choice: int, only: int, *, by_code: bool, pay: Pay | None) -> None:
        coat = self.coat(choice)
        pieces = {piece.id for piece in coat.pieces[only : only + 1]} if only >= 0 else set[int]()
        shown = coat.code if by_code else coat.secret
        how = {"pieces": pieces, "pay": pay}
        done = check_out.redeem(self.connection, HOUSE, coat.id, shown, self.by, **how)
        if self.took(coat, done):
            self.given.update(pieces or {piece.id for piece in coat.waiting})

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE)
    def leave(self, choice: int) -> None:
        coat = self.coat(choice)
        self.took(coat, closing.leave_behind(self.connection, HOUSE, coat.id, "shelf", self.by))

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE)
    def dispose(self, choice: int) -> None:
        coat = self.coat(choice)
        if self.took(coat, closing.dispose(self.connection, HOUSE, coat.id, "charity", self.by)):
            self.given.update(piece.id for piece in coat.waiting)

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE, amount=st.integers(1, 5), pay=PAY.filter(bool))
    def give_back(self, choice: int, amount: int, pay: Pay) -> None:
        coat, told = self.coat(choice), {"amount": Decimal(amount), "reason": "rain"}
        self.took(coat, paying.refund(self.connection, coat.id, pay, self.by, **told))

    @rule(tag=TAG, state=st.sampled_from(TagState))
    def put(self, tag: str, state: TagState) -> None:
        found = tags.find(self.connection, self.room.id, tag)
        assert not isinstance(found, Refused)
        tags.set_state(self.connection, found.id, state, self.by)

    @rule(days=st.integers(1, 10))
    def rest(self, days: int) -> None:
        self.now += timedelta(days=days)
        tidy(self.connection, self.now)

    @invariant()
    def a_code_opens_one(self) -> None:
        if self.made:
            query = select(coat_ticket.c.code).where(coat_ticket.c.fetched_at.is_(None))
            open_codes = self.connection.scalars(query).all()
            assert len(open_codes) == len(set(open_codes))

    @invariant()
    def a_tag_has_one_piece(self) -> None:
        if self.made:
            query = select(coat_piece.c.tag).where(coat_piece.c.off_at.is_(None))
            assert max(Counter(self.connection.scalars(query)).values(), default=0) <= 1
            for rack in rooms.standing(self.connection, self.room.id):
                assert rack.hanging <= rack.rack.capacity

    @invariant()
    def each_piece_is_fetched_once(self) -> None:
        if self.made:
            query = select(coat_piece.c.id).where(coat_piece.c.fetched_at.is_not(None))
            assert Counter(self.connection.scalars(query)) == self.given
            for coat in map(self.coat, range(len(self.made))):
                assert (coat.fetched_at is None) == bool(coat.waiting)

    @invariant()
    def the_till_has_what_was_paid(self) -> None:
        if self.made:
            found = [self.coat(n) for n in range(len(self.made))]
            paid = sum((coat.paid.amount for coat in found), Decimal(0))
            amounts = self.connection.execute(select(posting.c.account, posting.c.amount)).all()
            assert sum(b for a, b in amounts if a.startswith("paid:")) == paid
            assert sum(b for _, b in amounts) == 0
            assert all(coat.due.amount == 0 for coat in found if coat.fetched_at)
            assert self.connection.scalar(select(func.count()).select_from(coat_ticket)) == len(
                found
            )


Counters.TestCase.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
TestWhateverStaffDo = Counters.TestCase
