"""Asking central over HTTP (docs/openapi.yaml), as kiosks and desks do: bounded in time and bytes.

A refusal is a value, `No`. All else that is no answer is a CentreFault with a hint.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from runtime.convert import Invalid
from runtime.wire import MAX_PAYLOAD, decode

TIMEOUT_S = 5.0
GIVEN = frozenset({200, 201})
REFUSALS = frozenset({400, 404, 409, 422})


class CentreFault(Exception):
    """Central cannot be reached or does not make sense. `hint` is for the operator."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"central: {problem}; {hint}")
        self.problem, self.hint = problem, hint


class NotLetIn(CentreFault):
    """Central is there and knows this device not, or no longer."""


@dataclass(frozen=True)
class CentreSettings:
    """`url` without /v1; `token` is this device's bearer token."""

    url: str = "http://127.0.0.1:8080"
    token: str = ""


@dataclass(frozen=True)
class No:
    """Central will not, and asking again is of no use. `body` is what it says of it."""

    status: int
    body: Any


class HttpClient(AbstractAsyncContextManager["HttpClient", None]):
    """`daemon` names who asks, as in `kiosk.toml`. `timeout_s` bounds each request as a whole;
    an answer has `limit` bytes at most. `get` and `post` may raise CentreFault."""

    def __init__(
        self,
        settings: CentreSettings,
        daemon: str,
        timeout_s: float = TIMEOUT_S,
        limit: int = MAX_PAYLOAD,
    ) -> None:
        self._settings = settings
        self._daemon = daemon
        self._timeout_s = timeout_s
        self._limit = limit

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

    async def get(self, path: str, more_s: float = 0) -> Any | No:
        """`more_s`: how long central may keep the answer back on purpose."""
        return await self._ask("GET", path, self._timeout_s + more_s)

    async def post(self, path: str, body: Any, key: str = "") -> Any | No:
        """Repeated with the same `key` it is done once."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return await self._ask("POST", path, self._timeout_s, json=body, headers=headers)

    async def _ask(self, method: str, path: str, patience_s: float, **extras: Any) -> Any | No:
        url = f"{self._settings.url}/v1{path}"
        try:
            async with (
                asyncio.timeout(patience_s),
                self._session.request(method, url, **extras) as response,
            ):
                status, payload = response.status, await self._read(response)
        except TimeoutError as error:
            raise CentreFault(
                f"no answer within {patience_s:g} s", "is the network slow or central busy?"
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CentreFault(
                f"cannot be reached at {self._settings.url} ({error})",
                f"is central running, is [central] url in {self._daemon}.toml right?",
            ) from error
        return self._judge(status, payload, path)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        payload = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            payload += chunk
            if len(payload) > self._limit:
                raise ValueError(f"answer of more than {self._limit} bytes")
        return bytes(payload)

    def _judge(self, status: int, payload: bytes, path: str) -> Any | No:
        if status in (401, 403):
            raise NotLetIn(
                f"{path}: this {self._daemon} is not let in ({status})",
                f"check [central] token in {self._daemon}.toml against the token of this device,"
                f' of kind "{self._daemon}", in central.toml',
            )
        if status not in GIVEN | REFUSALS:
            raise CentreFault(f"{path}: answered {status}", "see central's log")
        try:
            body = decode(payload, self._limit)
        except Invalid as invalid:
            raise CentreFault(
                f"{path}: answered {status} with {invalid}", "does [central] url lead to central?"
            ) from invalid
        return body if status in GIVEN else No(status, body)
