"""An MQTT 3.1.1 client that dies without a goodbye, byte by byte, so that its last will is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CLEAN, WILL, WILL_QOS_1, WILL_RETAIN = 0x02, 0x04, 0x08, 0x20
CONNACK = b"\x20\x02\x00\x00"


@asynccontextmanager
async def dies_with_a_will(port: int, topic: str, will: bytes) -> AsyncIterator[None]:
    """Connected while the block runs; then the connection is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    flags = CLEAN | WILL | WILL_QOS_1 | WILL_RETAIN
    body = _field(b"MQTT") + bytes([4, flags, 0, 60])
    body += _field(b"mortal") + _field(topic.encode()) + _field(will)
    assert len(body) < 128, "a longer one has two bytes of length"
    writer.write(bytes([0x10, len(body)]) + body)
    try:
        assert await reader.readexactly(4) == CONNACK
        yield
    finally:
        writer.transport.abort()


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
