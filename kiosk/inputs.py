"""What reaches the kiosk from its screen, and what keys do on a laid-out screen."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.geometry import Laid


@dataclass(frozen=True, slots=True)
class Touch:
    """Pixels from the upper left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class KeyPress:
    """SDL's name of the key in lower case ("return", "tab", "left"), or one typed character."""

    name: str


@dataclass(frozen=True, slots=True)
class Press:
    """A widget by its id: how tests and the demo press."""

    widget: str


@dataclass(frozen=True, slots=True)
class Quit:
    """The window was closed."""


Input = Touch | KeyPress | Press | Quit

NEXT = ("tab", "right", "down")
BEFORE = ("left", "up")
ENTER = ("return", "enter", "keypad enter", "space")


def after_key(laid: Laid, focus: str | None, key: str) -> tuple[str | None, str | None]:
    """The target in focus after a key, and the id it presses, if it presses one."""
    ids = [target.id for target, _ in laid.targets]
    here = ids.index(focus) if focus in ids else None
    if key == "escape":
        return focus, "back" if "back" in ids else None
    if key in NEXT and ids:
        return ids[0 if here is None else (here + 1) % len(ids)], None
    if key in BEFORE and ids:
        return ids[-1 if here is None else (here - 1) % len(ids)], None
    if here is not None and key in ENTER:
        return focus, focus
    if key in ENTER:
        return None, laid.screen.anywhere
    typed = f"key:{'backspace' if key == 'backspace' else key}"
    known = {name.lower(): name for name in ids}
    return focus, typed if typed in ids else known.get(typed.lower())


def pressed(laid: Laid, widget: str) -> str:
    """`widget` if it can be pressed now, else ""."""
    ids = {target.id for target, _ in laid.targets} | {laid.screen.anywhere}
    return widget if widget in ids else ""
