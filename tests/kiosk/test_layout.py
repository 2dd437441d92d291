"""Every screen fits every panel: within it, nothing on top of another, big enough for a finger."""

from __future__ import annotations

from itertools import combinations

import pytest
from support.kiosk_sample import SIZES, SLOTS, gallery

from hal.screen.geometry import Panel, Rect
from kiosk.geometry import Laid
from kiosk.inputs import after_key, pressed
from kiosk.layout import lay_out
from kiosk.screens import screen
from kiosk.widgets import Cards, Screen, Sheet, Stepper

ALL = [
    pytest.param(size, language, name, id=f"{size[0]}x{size[1]}-{language}-{name}")
    for size in SIZES
    for language in ("en", "de", "fr")
    for name in gallery(language)
]


def laid_out(size: tuple[int, int], language: str, name: str) -> Laid:
    return lay_out(screen(gallery(language)[name]), Panel(*size))


def overlap(one: Rect, other: Rect) -> bool:
    across = one.x < other.x + other.w and other.x < one.x + one.w
    return across and one.y < other.y + other.h and other.y < one.y + one.h


@pytest.mark.parametrize(("size", "language", "name"), ALL)
def test_every_screen_fits_every_panel(size: tuple[int, int], language: str, name: str) -> None:
    laid = laid_out(size, language, name)
    for placed in laid.placed:
        x, y, w, h = placed.rect
        assert min(x, y, w, h) >= 0, placed
        assert x + w <= size[0], placed
        assert y + h <= size[1], placed
    flat = [p for p in laid.placed if not isinstance(p.widget, Stepper | Sheet) and p.rect.h]
    for one, other in combinations(flat, 2):
        assert not overlap(one.rect, other.rect), f"{one} lies on {other}"
    for target, rect in laid.targets:
        assert rect.w >= laid.panel.target, f"{target.id} is too narrow: {rect}"
        assert rect.h >= laid.panel.target, f"{target.id} is too low: {rect}"


@pytest.mark.parametrize("size", SIZES)
def test_all_slots_of_a_long_day_are_on_one_page_or_another(size: tuple[int, int]) -> None:
    seen: set[str] = set()
    for page in range(9):
        shown = screen(gallery("en")["slot"])
        assert isinstance(shown.body, Cards)
        body = Cards(shown.body.choices, page, compact=True)
        laid = lay_out(Screen("slot", body, more=shown.more, previous=shown.previous), Panel(*size))
        seen |= {p.widget.id for p in laid.placed if p.widget.id.startswith("slot:")}
    assert seen == {f"slot:{slot.id}" for slot in SLOTS}


def test_the_pager_ends_where_the_pages_end() -> None:
    first = {target.id for target, _ in laid_out((1280, 800), "en", "slot").targets}
    last = {target.id for target, _ in laid_out((1280, 800), "en", "slot-last").targets}
    assert "more" in first - last
    assert "previous" in last - first


def test_a_touch_presses_what_is_under_it_and_only_that() -> None:
    laid = laid_out((1280, 800), "en", "quantity")
    for target, rect in laid.targets:
        assert laid.at(rect.x + rect.w / 2, rect.y + rect.h / 2) == target.id
    assert laid.at(1, 1) is None


def test_a_touch_beside_everything_starts_and_keeps_awake() -> None:
    assert laid_out((1280, 800), "en", "start").at(1, 1) == "start"
    assert laid_out((1280, 800), "en", "idle").at(1, 1) == "stay"


def test_what_is_blocked_cannot_be_touched() -> None:
    laid = laid_out((1280, 800), "en", "slot-last")
    blocked = [p.rect for p in laid.placed if p.widget.id.startswith("slot:")]
    assert blocked
    assert all(laid.at(rect.x + 5, rect.y + 5) is None for rect in blocked)


def test_keys_walk_every_target_and_come_round_again() -> None:
    laid = laid_out((1280, 800), "en", "quantity")
    ids = [target.id for target, _ in laid.targets]
    focus, walked = None, []
    for _ in ids:
        focus, press = after_key(laid, focus, "tab")
        assert press is None
        walked.append(focus)
    assert walked == ids
    assert after_key(laid, focus, "right") == (ids[0], None)
    assert after_key(laid, ids[0], "left") == (ids[-1], None)


def test_enter_presses_the_focus_escape_goes_back_and_letters_type() -> None:
    laid = laid_out((1280, 800), "en", "holder")
    assert after_key(laid, "next", "return") == ("next", "next")
    assert after_key(laid, None, "escape") == (None, "back")
    assert after_key(laid, None, "q") == (None, "key:Q")
    assert after_key(laid, None, "backspace") == (None, "key:backspace")
    assert after_key(laid, None, "f7") == (None, None)


def test_enter_without_a_focus_begins_on_the_start_screen() -> None:
    assert after_key(laid_out((1280, 800), "en", "start"), None, "return") == (None, "start")


def test_only_what_is_on_the_screen_can_be_pressed_by_name() -> None:
    laid = laid_out((1280, 800), "en", "start")
    assert pressed(laid, "lang:de") == "lang:de"
    assert pressed(laid, "pay") == ""


@pytest.mark.parametrize("name", gallery("en"))
def test_every_screen_can_be_spoken(name: str) -> None:
    assert len(screen(gallery("en")[name]).spoken) > 10
