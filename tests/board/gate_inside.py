"""The whole gate on the board: what is typed, what the latch line does, what the journal says."""

from __future__ import annotations

from pathlib import Path

from gate_rig import SCANNER, GateRig, fill, until
from support.samples import KEY, ticket

from admission.codes import human_code, sign_ticket
from admission.facts import Admitted, Lapsed, Passed, Refused

WALKED, LAPSED, HALF, KILLED, LAST = tickets = [ticket(id_) for id_ in range(1, 6)]


def a_code_opens_the_latch_and_the_rotation_confirms(rig: GateRig) -> None:
    rig.type(sign_ticket(KEY, WALKED))
    rig.until_latch(on=True)
    assert rig.count(Admitted) == 1, "it was not on the disk before the latch moved"
    rig.rotate()
    rig.until_latch(on=False)
    rig.until_idle()
    rig.agrees()


def a_code_works_once(rig: GateRig) -> None:
    rig.type(human_code(WALKED.id))
    rig.until_said("[refuse]")
    until(lambda: rig.count(Refused) == 1, "the refusal is not in the journal")
    rig.until_idle()
    rig.agrees()


def who_does_not_walk_keeps_the_entry(rig: GateRig) -> None:
    for times in (1, 2):
        rig.type(human_code(LAPSED.id))
        rig.until_latch(on=True)
        rig.until_latch(on=False)
        until(lambda times=times: rig.count(Lapsed) == times, "the entry is not given back")
        rig.until_idle()
    rig.agrees()


def half_a_code_of_a_scanner_that_was_pulled_is_forgotten(rig: GateRig) -> None:
    code = human_code(HALF.id)
    refused = rig.count(Refused)
    rig.type(code[:6], end="")
    rig.scanner.unplug()
    rig.until_said("Reader out of order")
    until(lambda: not SCANNER.exists(), f"{SCANNER} is still there")
    rig.scanner.plug()
    rig.until_idle()
    rig.type(code)
    rig.until_latch(on=True)
    rig.rotate()
    rig.until_latch(on=False)
    rig.until_idle()
    assert rig.count(Refused) == refused, rig.told()
    rig.agrees()


def a_scanner_pulled_while_somebody_walks_changes_nothing(rig: GateRig) -> None:
    rig.type(human_code(LAST.id))
    rig.until_latch(on=True)
    rig.scanner.unplug()
    rig.rotate()
    rig.until_latch(on=False)
    rig.until_said("Reader out of order")
    until(lambda: not SCANNER.exists(), f"{SCANNER} is still there")
    rig.scanner.plug()
    rig.until_idle()
    rig.agrees()


def a_killed_gate_lets_go_of_the_latch_and_goes_on(rig: GateRig) -> None:
    rig.type(human_code(KILLED.id))
    rig.until_latch(on=True)
    rig.kill()
    rig.until_latch(on=False)
    before = rig.count(Lapsed)
    rig.start()
    until(lambda: rig.count(Lapsed) == before + 1, "the entry is not given back")
    rig.type(human_code(KILLED.id))
    rig.until_latch(on=True)
    rig.rotate()
    rig.until_latch(on=False)
    rig.until_idle()
    rig.agrees()


def a_gate_that_is_stopped_locks(rig: GateRig) -> None:
    rig.type(human_code(KILLED.id))
    rig.until_said("[refuse]")
    rig.stop()
    rig.agrees()
    assert rig.count(Passed) == 4, rig.told()


def main() -> None:
    state = Path("/run/state")
    fill(state, *tickets)
    rig = GateRig(state)
    rig.start()
    a_code_opens_the_latch_and_the_rotation_confirms(rig)
    a_code_works_once(rig)
    who_does_not_walk_keeps_the_entry(rig)
    half_a_code_of_a_scanner_that_was_pulled_is_forgotten(rig)
    a_scanner_pulled_while_somebody_walks_changes_nothing(rig)
    a_killed_gate_lets_go_of_the_latch_and_goes_on(rig)
    a_gate_that_is_stopped_locks(rig)


main()
