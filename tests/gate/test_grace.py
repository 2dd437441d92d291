"""Re-scan grace at the lanes of a gate: for whom the arm closed too soon."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.clock import on_virtual_time
from support.gate import NORTH, SOUTH, lanes_in
from support.samples import KEY, MUSEUM, NOON, issued, ticket

from admission.codes import sign_ticket
from admission.facts import CENTRAL, Admitted, Fact, Passed, ProductPublished
from admission.values import Entitlement

VISITOR = ticket()
CODE = sign_ticket(KEY, VISITOR)
HASTY = replace(MUSEUM, entitlements=(Entitlement("museum", grace_s=60),))


@on_virtual_time
async def test_who_scans_again_at_the_same_lane_is_let_in_once_more(tmp_path: Path) -> None:
    known = [*issued(VISITOR), Fact(CENTRAL, 99, NOON, ProductPublished(HASTY))]
    async with lanes_in(tmp_path, NORTH, SOUTH, known=known) as rig:
        for _ in range(2):
            await rig.idle()
            rig.scan(CODE)
            await rig.opens()
            rig.walk()
            await rig.locks()
        for lane in ("South", "North"):
            await rig.idle(lane)
            rig.scan(CODE, lane)
            await rig.shows("already used at 12:00 at North", lane)
        first = Admitted(VISITOR.id, "museum", "North", 1)
        assert (await rig.told(6))[:4] == [
            first,
            Passed(VISITOR.id, 1, "North", 1),
            replace(first, again=True),
            Passed(VISITOR.id, 3, "North", 1),
        ]
