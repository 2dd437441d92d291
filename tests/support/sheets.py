"""Tables that central tells as CSV."""

from __future__ import annotations

import csv
import io

from support.central import DEVICES, Client


async def table(client: Client, path: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    headers = {"Authorization": f"Bearer {DEVICES[client.device].token}"}
    async with client.http.get(path, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        return list(csv.DictReader(io.StringIO(await response.text(), newline="")))
