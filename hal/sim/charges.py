"""What a card terminal remembers by itself, whatever becomes of the kiosk: one JSON line a charge.

`{"charge": id, "charged": "SIM-1"}` or `{"charge": id, "not_charged": "declined"}`; the last line
about a charge holds. A line that a power cut tore was never answered for, and is dropped.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from hal.ports import Charged, NotCharged

log = logging.getLogger("wicket.hal.sim")

Outcome = Charged | NotCharged


class ChargeBook:
    """Without a path it forgets with the process."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._outcomes: dict[str, Outcome] = {}
        self._taken = 0

    def load(self) -> None:
        """Read the file; cut off a torn end so that the next line begins on its own."""
        if self._path is None:
            return
        self._outcomes, self._taken = {}, 0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        _sync(self._path.parent)
        whole, _, torn = self._path.read_bytes().rpartition(b"\n")
        if torn:
            log.warning("%s: a torn last line is dropped", self._path)
            os.truncate(self._path, len(whole) + bool(whole))
        for line in whole.splitlines():
            self._read(line)

    def get(self, charge_id: str) -> Outcome | None:
        return self._outcomes.get(charge_id)

    def next_reference(self) -> str:
        return f"SIM-{self._taken + 1}"

    def put(self, charge_id: str, outcome: Outcome) -> None:
        """On the disk when it returns."""
        match outcome:
            case Charged(reference):
                said = {"charge": charge_id, "charged": reference}
            case NotCharged(reason):
                said = {"charge": charge_id, "not_charged": reason}
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(json.dumps(said).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        self._remember(charge_id, outcome)

    def _read(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        match said:
            case {"charge": str(charge_id), "charged": str(reference)}:
                self._remember(charge_id, Charged(reference))
            case {"charge": str(charge_id), "not_charged": str(reason)}:
                self._remember(charge_id, NotCharged(reason))
            case _:
                log.warning("%s: no charge, set aside: %.99r", self._path, line)

    def _remember(self, charge_id: str, outcome: Outcome) -> None:
        self._outcomes[charge_id] = outcome
        self._taken += isinstance(outcome, Charged)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
