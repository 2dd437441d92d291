"""What the kiosk says: texts/*.po in its package."""

from __future__ import annotations

from collections.abc import Mapping

from runtime import texts


def messages(language: str) -> Mapping[str, str]:
    """Message id → text."""
    return texts.messages("kiosk", language)


class Texts(texts.Texts):
    """One language; times are shown in `timezone` (IANA name)."""

    def __init__(self, language: str, timezone: str = "UTC") -> None:
        super().__init__("kiosk", language, timezone)
