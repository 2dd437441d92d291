"""Keyboard layouts from the XKB data of the computer, through libxkbcommon.

Debian: libxkbcommon0 is the library, xkb-data the layouts. Both only read files.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from xkbcommon import xkb

from hal.drivers.keyboard_decoder import ACCENTS, ALT_GR, Layout

_NAME = re.compile(r"([\w-]+)(?:\(([\w-]+)\))?", re.ASCII)
_KEYS = range(1, 128)
"""All that write; those above are for sound, power and the like."""
_XKB_OFFSET = 8
"""An XKB key number is the kernel's and 8."""
_SILENT = 0
_DEAD = {
    xkb.keysym_from_name(f"dead_{name}"): accent
    for name, accent in zip(
        ("grave", "acute", "circumflex", "tilde", "diaeresis", "abovering", "caron", "cedilla"),
        ACCENTS,
        strict=True,
    )
}


@lru_cache
def load_layout(name: str) -> Layout:
    """The layout of an XKB name such as "us", "de" or "ch(fr)", with its variant in parentheses.

    Raises ValueError, which says what to do, if there is none.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise ValueError(f'layout {name!r} is no name of one; write it like "de" or "ch(fr)"')
    try:
        context = xkb.Context(no_environment_names=True)
        context.set_log_level(_SILENT)
        keymap = context.keymap_new_from_names(
            rules="evdev", model="pc105", layout=parts[1], variant=parts[2] or ""
        )
    except xkb.XKBError as error:
        raise ValueError(
            f"layout {name!r} is not known here; `localectl list-x11-keymap-layouts` lists them, "
            "the Debian package xkb-data brings them"
        ) from error
    return _layout(keymap)


def _layout(keymap: Any) -> Layout:
    shift, lock, num_lock, level_3 = (
        1 << keymap.mod_get_index(name) for name in ("Shift", "Lock", "Mod2", "Mod5")
    )
    state = keymap.state_new()
    columns = []
    for index in range(8):
        held = shift * (index & 1) + level_3 * (index >> 2)
        state.update_mask(held, 0, num_lock + lock * (index >> 1 & 1), 0, 0, 0)
        columns.append([_character(state, key + _XKB_OFFSET) for key in _KEYS])
    rows = zip(_KEYS, zip(*columns, strict=True), strict=True)
    right_alt = xkb.keysym_get_name(state.key_get_one_sym(ALT_GR + _XKB_OFFSET))
    return Layout({key: row for key, row in rows if any(row)}, right_alt == "ISO_Level3_Shift")


def _character(state: Any, key: int) -> str:
    text: str = state.key_get_string(key)
    return text or _DEAD.get(state.key_get_one_sym(key), "")
