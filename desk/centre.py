"""Central as a desk uses it (docs/openapi.yaml)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from desk.jobs import Job, Unreadable, read_jobs
from runtime.centre import TIMEOUT_S, CentreFault, CentreSettings, HttpClient, No
from runtime.convert import Invalid

WAIT_S = 20
"""So long central keeps an answer back when there is nothing to print."""
MAX_FAULT = 200
"""Characters of a fault (docs/openapi.yaml)."""
MAX_ANSWER = 16 * 1024 * 1024
"""Bytes; the pictures of a job's slips are in it."""


class Refused(Exception):
    """Central will not, and asking again is of no use."""


class Centre(HttpClient):
    """Every method may raise CentreFault."""

    def __init__(self, settings: CentreSettings, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(settings, "desk", timeout_s, MAX_ANSWER)

    async def scanned(self, code: str, key: str) -> None:
        """Repeated with the same key it is one scan. Raises Refused."""
        await self._post("/scans", {"code": code}, key)

    async def status(self, *, prints: bool, faults: Sequence[str]) -> None:
        """Raises Refused."""
        await self._post("/status", {"prints": prints, "faults": [_plain(one) for one in faults]})

    async def jobs(self) -> tuple[Job | Unreadable, ...]:
        """What is to be printed, as soon as there is any; after WAIT_S nothing."""
        path = f"/desk/jobs?wait={WAIT_S}"
        hint = "are desk and central of the same version?"
        answer = await self.get(path, more_s=WAIT_S)
        if isinstance(answer, No):
            raise CentreFault(f"{path}: answered {answer.status} ({str(answer.body)[:200]})", hint)
        try:
            return read_jobs(answer)
        except Invalid as invalid:
            raise CentreFault(f"jobs that make no sense ({invalid})", hint) from invalid

    async def ended(self, job: int, fault: str = "") -> None:
        """It is printed, or cannot be. Raises Refused when central does not wait for it."""
        await self._post(f"/jobs/{job}", {"fault": _plain(fault) if fault else ""})

    async def _post(self, path: str, body: Any, key: str = "") -> None:
        answer = await self.post(f"/desk{path}", body, key)
        if isinstance(answer, No):
            raise Refused(f"central: {path}: answered {answer.status} ({str(answer.body)[:200]})")


def _plain(fault: str) -> str:
    """As central takes it: one line, not too long, not empty."""
    line = "".join(c if c.isprintable() else " " for c in fault)
    return " ".join(line.split())[:MAX_FAULT] or "a fault without words"
