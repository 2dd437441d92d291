"""What the daemon is put together from: rules, device tables, the office's messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from admission.facts import TicketPrinted
from kiosk.journal import SCHEMA
from kiosk.service import Office, read_ack, rules
from kiosk.settings import KioskSettings
from runtime import outbox as facts
from runtime.database import Database
from runtime.mqtt import Bus, BusSettings
from runtime.outbox import Outbox


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
    assert read_ack(b'{"number": 12}') == 12


async def test_a_printed_ticket_becomes_a_durable_fact(tmp_path: Path) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA + facts.SCHEMA) as database:
        outbox = Outbox(database, "kiosk-1")
        await Office(Bus(BusSettings(), "kiosk-1"), outbox, "status").printed(2**62)
    async with Database(tmp_path / "kiosk.db", SCHEMA + facts.SCHEMA) as database:
        again = Outbox(database, "kiosk-1")
        assert [fact.event for fact in again.after(0)] == [TicketPrinted(2**62)]
        assert again.waiting == 1
