"""When the feed goes back, all who know more than it does begin anew."""

from __future__ import annotations

from support.central import NOW, Client
from support.clashes import entry, payload, store

from admission.facts import Fact
from central.sync import epochs, feed, ingest
from central.sync.ingest import Told


def test_only_a_device_that_knows_more_of_this_epoch_proves_that_the_feed_went_back() -> None:
    with store() as central:
        connection = central.connection
        first, head = epochs.current(connection), feed.head(connection)
        for told, cursor in ((first, head), (first + 1, head + 1), (0, head + 1)):
            assert not epochs.heard(connection, "gate-1", told, cursor, NOW)
        assert epochs.current(connection) == first
        assert epochs.heard(connection, "gate-1", first, head + 1, NOW)
        second = epochs.current(connection)
        assert second != first
        assert not epochs.heard(connection, "gate-2", first, head + 1, NOW)
        assert epochs.current(connection) == second


async def test_a_device_learns_who_it_is_and_how_many_of_its_facts_are_taken(
    kiosk: Client,
) -> None:
    told = payload(*(Fact("gate-1", n, NOW, entry()) for n in (1, 2)))
    await kiosk.api.database.write(
        lambda c: ingest.take_all(c, [Told("gate-1", told)], ["gate-1"], NOW)
    )
    said = await kiosk.as_("gate-1").get("/v1/device")
    epoch = said.pop("epoch")
    assert said == {"device": "gate-1", "kind": "gate", "taken": 2, "now": NOW.isoformat()}
    page = await kiosk.as_("gate-1").get("/v1/feed")
    assert (page["epoch"], page["taken"], page["now"]) == (epoch, 2, NOW.isoformat())
    assert (await kiosk.as_("web-1").get("/v1/device", 403))["code"] == "forbidden"
