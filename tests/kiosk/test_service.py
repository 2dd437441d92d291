"""What the daemon is put together from: rules, device tables, the office's messages."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.bus import running
from support.clock import on_virtual_time
from support.paper_bus import PaperBus
from support.partition_disk import Disk, storage

from admission.facts import TicketPrinted
from kiosk.journal import SCHEMA
from kiosk.service import Office, read_ack, rules
from kiosk.settings import KioskSettings
from runtime import outbox as facts
from runtime.centre import CentreFault
from runtime.database import Database
from runtime.outbox import Outbox, Standing
from runtime.topics import Topics


@dataclass(frozen=True)
class Options:
    port: str
    width: int = 42


def test_rules_follow_the_settings_and_no_two_starts_share_sale_ids() -> None:
    settings = KioskSettings(device="k", idle_s=7, confirm_patience_s=9, languages=("de",))
    one, other = rules(settings), rules(settings)
    assert (one.idle, one.patience) == (timedelta(seconds=7), timedelta(seconds=9))
    assert one.languages == ("de",)
    assert one.boot != other.boot
    assert len(one.boot) < 80


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"number": "1"}', b"\xff", b'{"n": 1}'])
def test_an_ack_that_says_nothing_is_set_aside(payload: bytes) -> None:
    assert read_ack(payload) is None


def test_an_ack_is_read() -> None:
    ack = read_ack(b'{"number": 12, "epoch": 5, "newer": true}')
    assert ack is not None
    assert (ack.number, ack.epoch) == (12, 5)


async def _nothing() -> Standing:
    return Standing()


@on_virtual_time
async def test_a_kiosk_asks_central_what_an_ack_cannot_say(tmp_path: Path) -> None:
    """Central lost what it had acknowledged, and cannot be reached at first."""
    answers: list[Standing | None] = [Standing(1, 7), None, Standing(1, 8)]

    async def standing() -> Standing:
        if (answer := answers.pop(0)) is None:
            raise CentreFault("no answer", "is it on?")
        return answer

    async with Database(tmp_path / "kiosk.db", facts.SCHEMA) as database:
        outbox, bus, topics = Outbox(database, "kiosk-1"), PaperBus(), Topics("sample")
        office = Office(bus, outbox, topics, standing)
        for ticket in (1, 2, 3):
            await office.printed(ticket)
        async with running(office.run()):
            await asyncio.sleep(1)
            assert outbox.acknowledged == 1
            bus.says(topics.ack("kiosk-1"), {"number": 3, "epoch": 7})
            await asyncio.sleep(1)
            assert outbox.acknowledged == 3
            bus.sent.clear()
            bus.says(topics.ack("kiosk-1"), {"number": 1, "epoch": 8})
            await asyncio.sleep(10)
            assert outbox.acknowledged == 1
            assert bus.numbers[0][1] == [2, 3]
            bus.says(topics.ack("kiosk-1"), {"number": 3, "epoch": 8})
            await asyncio.sleep(1)
            assert outbox.waiting == 0
            assert not answers


@on_virtual_time
async def test_an_ack_that_a_full_disk_does_not_keep_counts_once_there_is_room(
    tmp_path: Path,
) -> None:
    async def standing() -> Standing:
        return Standing(1, 7)

    disk = Disk(storage(facts.SCHEMA), tmp_path / "kiosk.db", random.Random(1))
    outbox, bus, topics = Outbox(disk, "kiosk-1"), PaperBus(), Topics("sample")
    office = Office(bus, outbox, topics, standing)
    await office.printed(1)
    disk.fill(full=True)
    async with running(office.run()):
        bus.says(topics.ack("kiosk-1"), {"number": 1, "epoch": 7})
        await asyncio.sleep(10)
        assert outbox.waiting == 1
        disk.fill(full=False)
        await asyncio.sleep(30)
        assert outbox.waiting == 0


async def test_a_printed_ticket_becomes_a_durable_fact(tmp_path: Path) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA + facts.SCHEMA) as database:
        outbox = Outbox(database, "kiosk-1")
        office = Office(PaperBus(), outbox, Topics("sample"), _nothing)
        await office.printed(2**62)
    async with Database(tmp_path / "kiosk.db", SCHEMA + facts.SCHEMA) as database:
        again = Outbox(database, "kiosk-1")
        assert [fact.event for fact in again.after(0)] == [TicketPrinted(2**62)]
        assert again.waiting == 1
