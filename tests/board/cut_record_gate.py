"""On the board: the whole gate lets visitors in, on a disk whose writes are logged.

What the marks in the log tell is what the latch line did, as seen from its far end.
"""

from __future__ import annotations

import os
from pathlib import Path

from gate_rig import GateRig, fill
from support.samples import ticket
from write_log import LoggedDisk

from admission.codes import human_code

VISITORS = 10
KILLED_AT = (4, 8)


def main() -> None:
    disk = LoggedDisk(Path("/dev/ubda"), Path("/dev/ubdb"))
    state = Path("/run/logged")
    disk.mount(state)
    fill(state, *(ticket(id_) for id_ in range(1, VISITORS + 1)))
    rig = GateRig(state)
    rig.start()
    disk.mark("began")
    for id_ in range(1, VISITORS + 1):
        rig.type(human_code(id_))
        rig.until_latch(on=True)
        disk.mark(f"admitted-{id_}")
        if id_ in KILLED_AT:
            rig.kill()
            rig.until_latch(on=False)
            rig.start()
            continue
        rig.rotate()
        rig.until_latch(on=False)
        rig.until_idle()
    os._exit(0)


main()
