"""Whom a gate is in touch with, as a function of what it heard and when."""

from __future__ import annotations

from gate.peers import FEED_S, SILENT_S, Peers


def peers(*, online: bool = True) -> Peers:
    """Of gate-1: it has connected at 100 s, heard the feed and fetched what it missed."""
    it = Peers("gate-1")
    it.online = lambda: online
    it.missed(100)
    it.fed(100)
    it.caught_up(100)
    return it


def test_a_gate_that_has_heard_nothing_is_cut_off() -> None:
    it = Peers("gate-1")
    it.online = lambda: True
    assert it.cut_off(0) and it.in_touch(0) == {"gate-1"}


def test_broker_feed_and_what_was_missed_make_a_gate_whole() -> None:
    assert not peers().cut_off(100)
    assert peers(online=False).cut_off(100)


def test_a_silent_feed_cuts_off_and_a_heartbeat_heals() -> None:
    it = peers()
    assert not it.cut_off(100 + FEED_S)
    assert it.cut_off(100.1 + FEED_S)
    it.fed(200)
    assert not it.cut_off(200)


def test_what_was_missed_has_to_be_asked_for_after_it_was_missed() -> None:
    it = peers()
    it.missed(110)
    it.caught_up(109)
    assert it.cut_off(111)
    it.caught_up(110.5)
    assert not it.cut_off(111)


def test_a_device_is_in_touch_while_it_says_so_again_and_again() -> None:
    it = peers()
    it.told("gate-2", 101, here=True)
    it.told("gate-3", 101, here=False)
    assert it.in_touch(101) == {"gate-1", "gate-2"}
    it.told("gate-2", 102, here=False)
    assert it.in_touch(102) == {"gate-1"}


def test_a_device_that_falls_silent_is_in_touch_no_more() -> None:
    it = peers()
    it.told("gate-2", 101, here=True)
    it.fed(101 + SILENT_S)
    assert it.in_touch(101 + SILENT_S) == {"gate-1", "gate-2"}
    it.fed(102 + SILENT_S)
    assert it.in_touch(102 + SILENT_S) == {"gate-1"}


def test_who_is_cut_off_is_in_touch_with_itself() -> None:
    it = peers()
    it.told("gate-2", 101, here=True)
    it.missed(102)
    assert it.in_touch(102) == {"gate-1"}
