"""What central says to visitors, on pages, in messages and on tickets: texts/*.po beside this file.

Staff read English.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from runtime.texts import Texts, messages, own_name

__all__ = ["LANGUAGES", "Texts", "messages", "own_name", "spoken", "texts"]

LANGUAGES = tuple(
    sorted(f.name.removesuffix(".po") for f in files("central").joinpath("texts").iterdir())
)


def spoken(wanted: Iterable[str], otherwise: str = "en") -> str:
    """The first wanted language ("de-AT" is "de") that central speaks."""
    plain = (one.replace("_", "-").partition("-")[0].lower() for one in (*wanted, otherwise))
    return next((one for one in plain if one in LANGUAGES), "en")


def texts(language: str, timezone: str = "UTC") -> Texts:
    """The texts in this language, or in English if central does not speak it."""
    return Texts("central", spoken([language]), timezone)
