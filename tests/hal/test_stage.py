"""The stage's socket: newcomers learn how things stand, cues arrive, garbage hurts nobody else."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.listening import listening, settle

from hal.ports import CodeReader, Scan
from hal.registry import Devices
from hal.sim.stage import Stage, serve


@dataclass
class Visitor:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            message: dict[str, Any] = json.loads(await self.reader.readline())
        return message

    def say(self, line: bytes) -> None:
        self.writer.write(line + b"\n")

    async def is_shown_out(self) -> bool:
        async with asyncio.timeout(30):
            return await self.reader.read() == b""


@pytest.fixture
async def door(stage: Stage, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "run" / "stage"
    async with serve(stage, path):
        yield path


@asynccontextmanager
async def visiting(door: Path) -> AsyncIterator[Visitor]:
    reader, writer = await asyncio.open_unix_connection(door)
    try:
        yield Visitor(reader, writer)
    finally:
        writer.close()


async def test_a_newcomer_is_told_every_state_and_then_each_change(
    stage: Stage, door: Path
) -> None:
    stage.prop("latch").show(on=True)
    stage.prop("display").show(tone="idle", title="")
    async with visiting(door) as visitor:
        told = [await visitor.hear(), await visitor.hear()]
        assert told == [
            {"device": "latch", "state": {"on": True}},
            {"device": "display", "state": {"tone": "idle", "title": ""}},
        ]
        stage.prop("display").show(title="Welcome")
        assert await visitor.hear() == {"device": "display", "state": {"title": "Welcome"}}


async def test_a_cue_reaches_the_device(devices: Devices, door: Path) -> None:
    device = devices.build(CodeReader, "north.reader", {"driver": "sim"})
    async with (
        device as reader,
        listening(reader.scans()) as heard,
        visiting(door) as visitor,
    ):
        visitor.say(b'{"device": "north.reader", "cue": {"scan": "TK-7KQ4-M2XD"}}')
        assert await heard.next() == Scan("TK-7KQ4-M2XD")


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello",
        b"\xff\xfe",
        b"[]",
        b"17",
        b'{"device": "reader"}',
        b'{"device": "reader", "cue": 5}',
        b'{"device": "reader", "cue": {"device": "other"}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda garbage: garbage[:40].decode(errors="replace"),
)
async def test_garbage_drops_only_the_visitor_who_said_it(
    stage: Stage, door: Path, garbage: bytes
) -> None:
    async with visiting(door) as good, visiting(door) as bad:
        bad.say(garbage)
        assert await bad.is_shown_out()
        stage.prop("latch").show(on=True)
        assert await good.hear() == {"device": "latch", "state": {"on": True}}


async def test_a_visitor_who_leaves_is_forgotten(stage: Stage, door: Path) -> None:
    stage.prop("latch").show(on=False)
    async with visiting(door) as stays:
        await stays.hear()
        async with visiting(door) as leaves:
            await leaves.hear()
        await leaves.writer.wait_closed()
        await settle()
        stage.prop("latch").show(on=True)
        assert await stays.hear() == {"device": "latch", "state": {"on": True}}
        assert len(stage._watchers) == 1


async def test_only_the_owner_may_come_in_and_an_old_socket_is_replaced(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "stage"
    path.touch()
    async with serve(stage, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with visiting(path):
            pass


async def test_visitors_are_shown_out_when_the_stage_closes(stage: Stage, tmp_path: Path) -> None:
    async with serve(stage, tmp_path / "stage"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "stage")
        await settle()
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()
