"""Snapshots: made of facts as central would, and read as a gate would."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.central import DEVICES, Client
from support.samples import KEY, NOON

from admission.facts import Fact, TicketIssued
from admission.ledger import Ledger
from admission.values import Ticket
from runtime.convert import unstructure
from runtime.image import Image, Scope, Told
from runtime.image_draft import Draft
from runtime.wire import fact_from_data, fact_to_data

SITE = "sample"
SCOPE = Scope(("museum",))
"""That of the gate of tests/support/gate.py."""


def told(as_of: int, epoch: int = 1, **more: Any) -> Told:
    said = {"site": SITE, "epoch": epoch, "as_of": as_of, "made_at": NOON, "scope": SCOPE}
    return Told(**(said | more))


def image_of(facts: Iterable[Any], what: Told, key: Any = KEY) -> bytes:
    """Of facts as data; the last one of each ticket counts, and what cannot be read stays beside
    the image."""
    draft = Draft()
    for data in facts:
        issued = data["kind"] == "ticket_issued" and fact_from_data(data).event
        if isinstance(issued, TicketIssued):
            draft.add(issued.issued.id, draft.sort_of(issued.issued))
        else:
            draft.tell(data)
    draft.sort()
    return b"".join(draft.finish(what, key.id, key.sign))


def image_of_facts(facts: Iterable[Fact], what: Told, key: Any = KEY) -> bytes:
    return image_of(map(fact_to_data, facts), what, key)


def offer_of(content: bytes, what: Told, taken: int = 0, id_: str = "") -> dict[str, Any]:
    """What central's HTTP interface says of it."""
    return {
        "id": id_ or f"{what.epoch}n{what.as_of}",
        "epoch": what.epoch,
        "as_of": what.as_of,
        "made_at": what.made_at.isoformat(),
        "bytes": len(content),
        "taken": taken,
        "keys": [unstructure(KEY.issuer)],
    }


class Heard(Ledger):
    """What a gate knows that has nothing but this snapshot. `facts` are those beside the image."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "image"
            path.write_bytes(content)
            self.image = Image(path)
        self.facts: list[Any] = list(self.image.rest())
        for data in self.facts:
            self.fold(fact_from_data(data))

    def ticket(self, ticket_id: int) -> Ticket | None:
        return self.image.ticket(ticket_id) or super().ticket(ticket_id)


async def heard(client: Client, query: str = "") -> Heard:
    """From central, as things stand now."""
    head = (await client.get("/v1/feed?limit=0"))["head"]
    offer = await client.get(f"/v1/snapshot?after={head}&{query}")
    headers = {"Authorization": f"Bearer {DEVICES[client.device].token}"}
    async with client.http.get(f"/v1/snapshot/{offer['id']}", headers=headers) as answer:
        assert answer.status == 200
        return Heard(await answer.read())
