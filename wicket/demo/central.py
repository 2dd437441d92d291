"""A look at central with the office's token, as the demo needs it."""

from __future__ import annotations

import asyncio
import uuid
from types import TracebackType
from typing import Any, Self

import aiohttp


class Central:
    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=30)
        self._http = aiohttp.ClientSession(self._url, headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def get(self, path: str) -> Any:
        """The answer's JSON. Raises aiohttp.ClientError or OSError when there is none."""
        async with self._http.get(path) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def post(self, path: str, body: object) -> Any:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        async with self._http.post(path, json=body, headers=key) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def activity(self, after: int) -> list[dict[str, Any]]:
        """Facts after number `after` as central has them; empty while it is away."""
        try:
            page = await self.get(f"/v1/activity?after={after}&limit=200")
        except (aiohttp.ClientError, OSError, TimeoutError):
            return []
        entries: list[dict[str, Any]] = page["entries"]
        return entries

    async def ready(self) -> None:
        """Return when central answers."""
        while True:
            try:
                await self.get("/health")
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(0.1)
            else:
                return
