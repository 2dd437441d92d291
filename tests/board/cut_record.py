"""On the board: lanes tell facts to the gate's real journal, on a disk whose writes are logged.

cut_record.py [hasty]: with `hasty` the journal does not wait for the disk (synchronous=NORMAL).
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from support.samples import NOON
from write_log import LoggedDisk

from admission.facts import Admitted
from gate.ledger import SCHEMA
from runtime.database import Database
from runtime.outbox import Outbox

LANES = 4
FACTS_A_LANE = 50


class HastyDatabase(Database):
    """The mutant: a commit returns before it is on the disk."""

    synchronous = "NORMAL"


async def record(disk: LoggedDisk, kind: type[Database], folder: Path) -> None:
    async with kind(folder / "gate.db", SCHEMA) as database:
        outbox = Outbox(database, "gate-1")

        async def lane(number: int) -> None:
            for ticket in range(number * FACTS_A_LANE, (number + 1) * FACTS_A_LANE):
                await outbox.tell(Admitted(ticket, "museum", f"North {number}", 1), NOON)
                disk.mark(f"admitted-{ticket}")

        disk.mark("began")
        async with asyncio.TaskGroup() as group:
            for number in range(LANES):
                group.create_task(lane(number))
            group.create_task(database.grow_log())
        # The power is cut before anything is closed.
        os._exit(0)


def main() -> None:
    disk = LoggedDisk(Path("/dev/ubda"), Path("/dev/ubdb"))
    folder = Path("/run/logged")
    disk.mount(folder)
    asyncio.run(record(disk, HastyDatabase if "hasty" in sys.argv else Database, folder))


main()
