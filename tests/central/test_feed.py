"""The feed numbers what happened; the snapshot says the same in fewer facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.central import BEGUN, DEVICES, MUSEUM, NOW, PRODUCTS, TOUR, Client, Clock, central_in
from support.snapshots import heard

from admission.codes import HumanCode, read_code
from admission.facts import Admitted, Event, Fact, Lapsed, Passed, Refused, TicketPrinted
from admission.ledger import Ledger
from admission.values import TicketState
from central.sync import feed, ingest
from runtime.wire import encode, fact_from_data, fact_to_data


def folded(facts: Iterable[Any]) -> Ledger:
    ledger = Ledger()
    for data in facts:
        ledger.fold(fact_from_data(data))
    return ledger


async def tell(kiosk: Client, *events: Event, device: str = "gate-1") -> None:
    """The device tells what happened; central takes it."""

    def take(connection: Any) -> None:
        last = feed.last_taken(connection, device)
        facts = [Fact(device, n, kiosk.clock(), event) for n, event in enumerate(events, last + 1)]
        payload = encode({"facts": [fact_to_data(fact) for fact in facts]})
        taken = ingest.take(connection, device, payload, DEVICES, kiosk.clock())
        assert taken == last + len(events)

    await kiosk.api.database.write(take)


async def test_at_the_first_start_products_and_key_are_told_and_never_again(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        async with central_in(tmp_path, Clock()) as central:
            body = await central.get("/v1/feed")
            kinds = [entry["fact"]["kind"] for entry in body["entries"]]
            assert kinds == ["key_published"] + ["product_published"] * PRODUCTS
            assert central.api.key.id == 1


async def test_issuing_and_cancelling_tell_the_gates_in_the_same_breath(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    await kiosk.confirm(request)
    tickets = (await kiosk.issue(request))["tickets"]
    ledger = folded(e["fact"] for e in (await kiosk.get("/v1/feed"))["entries"])
    for told in tickets:
        ticket = ledger.ticket(int(told["id"]))
        assert ticket is not None
        assert ticket.state is TicketState.VALID
        code = read_code(told["human_code"])
        assert isinstance(code, HumanCode)
        assert ledger.ticket_by_low_bits(code.low_bits) == ticket
    await kiosk.cancel(request)
    ledger = folded(e["fact"] for e in (await kiosk.get("/v1/feed"))["entries"])
    states = {t.state for told in tickets if (t := ledger.ticket(int(told["id"])))}
    assert states == {TicketState.CANCELLED}


async def test_the_feed_is_read_in_pages(kiosk: Client) -> None:
    first = await kiosk.get("/v1/feed?limit=3")
    assert (first["head"], [e["n"] for e in first["entries"]]) == (BEGUN, [1, 2, 3])
    rest = await kiosk.get("/v1/feed?after=3")
    assert [e["n"] for e in rest["entries"]] == list(range(4, BEGUN + 1))
    assert (await kiosk.get(f"/v1/feed?after={BEGUN}"))["entries"] == []


async def test_activity_also_says_when_it_was_received(kiosk: Client) -> None:
    await tell(kiosk, Admitted(7, "museum", "north", 1))
    entry = (await kiosk.get(f"/v1/activity?after={BEGUN}"))["entries"][0]
    assert entry["received_at"] == NOW.isoformat()
    assert entry["fact"]["kind"] == "admitted"


async def test_the_snapshot_leaves_out_what_no_longer_matters(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR)
    await kiosk.confirm(request)
    [tour] = (await kiosk.issue(request))["tickets"]
    [museum] = await kiosk.sell(1, MUSEUM)
    await kiosk.cancel(request)
    museum_id = int(museum["id"])
    await tell(
        kiosk,
        Admitted(int(tour["id"]), "tour", "north", 1),
        Admitted(museum_id, "museum", "north", 1),
        Passed(museum_id, 2, "north", 1, zone="museum"),
        Passed(None, None, "north", 1, zone="museum"),
        Refused(None, "north", "unreadable", "?"),
        TicketPrinted(museum_id),
        Admitted(99, "museum", "north", 1),
    )
    kiosk.clock.pass_(hours=1)
    snapshot = await heard(kiosk)
    assert snapshot.image.told.as_of == BEGUN + 3 + 7
    assert [snapshot.image.ticket(int(t["id"])) for t in (tour, museum)] == [
        None,
        snapshot.ticket(museum_id),
    ]
    assert snapshot.image.tickets == 1
    kept = [fact["ticket"] for fact in snapshot.facts[BEGUN:]]
    assert kept == [museum_id, 99]
    told = snapshot.image.told
    assert (told.counts, told.taken["gate-1"]) == ({"museum": 2}, 7)


STEPS = st.lists(
    st.tuples(st.sampled_from(["sell", "cancel", "admit", "lapse", "pass"]), st.integers(0, 20)),
    max_size=12,
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_the_snapshot_folds_to_the_same_state_as_the_whole_feed(
    tmp_path_factory: Any, steps: list[tuple[str, int]]
) -> None:
    async with central_in(tmp_path_factory.mktemp("central"), Clock()) as kiosk:
        sold: list[tuple[Any, int]] = []
        admitted = 0
        for step, choice in steps:
            if step == "sell" or not sold:
                request = await kiosk.reserve(1 + choice % 3, MUSEUM)
                await kiosk.confirm(request)
                [ticket] = (await kiosk.issue(request))["tickets"]
                sold.append((request, int(ticket["id"])))
                continue
            request, ticket_id = sold[choice % len(sold)]
            if step == "cancel":
                await kiosk.cancel(request)
            elif step == "admit":
                await tell(kiosk, Admitted(ticket_id, "museum", "north", 1))
                admitted += 1
            elif step == "lapse":
                await tell(kiosk, Lapsed(ticket_id, 1 + choice, "north", 1))
            else:
                await tell(kiosk, Passed(ticket_id, 1 + choice, "north", 1))
        entries = (await kiosk.get("/v1/feed"))["entries"]
        whole = folded(entry["fact"] for entry in entries)
        short = await heard(kiosk)
        key = kiosk.api.key.id
        assert short.issuer(key) == whole.issuer(key) != None  # noqa: E711
        for product in range(1, 8):
            assert short.product(product) == whole.product(product)
        for _, ticket_id in sold:
            assert short.ticket(ticket_id) == whole.ticket(ticket_id)
            assert short.history(ticket_id) == whole.history(ticket_id)


async def test_a_lost_key_file_makes_a_new_key_and_the_old_one_stays_told(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as before:
        old = before.api.key.issuer
    (tmp_path / "central.key").unlink()
    async with central_in(tmp_path, Clock(NOW + timedelta(days=1))) as after:
        new = after.api.key.issuer
        ledger = await heard(after)
    assert (old.id, new.id) == (1, 2)
    assert (ledger.issuer(1), ledger.issuer(2)) == (old, new)
    assert new.valid_from == NOW + timedelta(days=1)
