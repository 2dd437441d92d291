"""Central as a desk uses it (docs/openapi.yaml)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import aiohttp

from desk.jobs import Job, Unreadable, read_jobs
from desk.settings import CentreSettings
from runtime.convert import Invalid
from runtime.wire import decode

TIMEOUT_S = 5.0
WAIT_S = 20
"""So long central keeps an answer back when there is nothing to print."""
MAX_FAULT = 200
"""Characters of a fault (docs/openapi.yaml)."""
MAX_ANSWER = 16 * 1024 * 1024
"""Bytes; the pictures of a job's slips are in it."""


class CentreFault(Exception):
    """Central cannot be reached, or does not make sense. The message tells what to do."""


class Refused(Exception):
    """Central will not, and asking again is of no use."""


class Centre(AbstractAsyncContextManager["Centre", None]):
    """Every method may raise CentreFault."""

    def __init__(self, settings: CentreSettings, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Self:
        token = {"Authorization": f"Bearer {self._settings.token}"}
        self._session = aiohttp.ClientSession(headers=token)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def scanned(self, code: str, key: str) -> None:
        """Repeated with the same key it is one scan. Raises Refused."""
        await self._post("/scans", {"code": code}, key)

    async def status(self, *, prints: bool, faults: Sequence[str]) -> None:
        await self._post("/status", {"prints": prints, "faults": [_plain(one) for one in faults]})

    async def jobs(self) -> tuple[Job | Unreadable, ...]:
        """What is to be printed, as soon as there is any; after WAIT_S nothing."""
        patience = self._timeout_s + WAIT_S
        try:
            return read_jobs(await self._ask("GET", f"/jobs?wait={WAIT_S}", patience))
        except (Invalid, Refused) as invalid:
            raise CentreFault(
                f"central: jobs that make no sense ({invalid}); are desk and central of the same "
                "version?"
            ) from invalid

    async def ended(self, job: int, fault: str = "") -> None:
        """It is printed, or cannot be. Raises Refused when central does not wait for it."""
        await self._post(f"/jobs/{job}", {"fault": _plain(fault) if fault else ""})

    async def _post(self, path: str, body: Any, key: str = "") -> None:
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        await self._ask("POST", path, self._timeout_s, json=body, headers=headers)

    async def _ask(self, method: str, path: str, patience: float, **extras: Any) -> Any:
        url = f"{self._settings.url}/v1/desk{path}"
        try:
            async with (
                asyncio.timeout(patience),
                self._session.request(method, url, **extras) as answer,
            ):
                status, payload = answer.status, await _read(answer)
        except TimeoutError as error:
            raise CentreFault(
                f"central: no answer within {patience:g} s; is the network slow or central busy?"
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CentreFault(
                f"central: cannot be reached at {self._settings.url} ({error}); is it running, is"
                " [central] url in desk.toml right?"
            ) from error
        return _judge(status, payload, path)


def _judge(status: int, payload: bytes, path: str) -> Any:
    if status in (401, 403):
        raise CentreFault(
            f"central: {path}: this desk is not let in ({status}); check [central] token in"
            ' desk.toml against the device of kind "desk" in central.toml'
        )
    if status in (400, 404, 409, 422):
        raise Refused(f"central: {path}: answered {status} ({payload[:200]!r})")
    if status not in (200, 201):
        raise CentreFault(f"central: {path}: answered {status}; see central's log")
    try:
        return decode(payload, MAX_ANSWER)
    except Invalid as invalid:
        raise CentreFault(
            f"central: {path}: answered with {invalid}; does [central] url lead to central?"
        ) from invalid


def _plain(fault: str) -> str:
    """As central takes it: one line, not too long, not empty."""
    line = "".join(c if c.isprintable() else " " for c in fault)
    return " ".join(line.split())[:MAX_FAULT] or "a fault without words"


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    payload = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        payload += chunk
        if len(payload) > MAX_ANSWER:
            raise ValueError(f"answer of more than {MAX_ANSWER} bytes")
    return bytes(payload)
