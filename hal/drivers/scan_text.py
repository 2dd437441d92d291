"""What a scan says, without what the scanner adds to it. Pure; all readers of printed codes use it.

The symbology identifiers of AIM (ISO/IEC 15424) are three characters before the data: "]", a
letter for the kind of symbol and a modifier, as in ]Q1 (QR), ]C1 (GS1-128), ]d2 (GS1 DataMatrix).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from hal.ports import MAX_CODE

GS = "\x1d"
"""Separates the elements of a GS1 message; the one control character that means something."""

_AIM = {
    "auto": re.compile(r"\][A-UX-Zcdehopsz][0-9A-Za-z]"),
    True: re.compile(r"\].."),
}
_GS1_SYMBOLS = {"", "]C1", "]e0", "]d2", "]Q3", "]J1"}
"""Identifiers of symbols that hold a GS1 message; "" as a scanner may not tell."""

_CARDS = ("NFC:", "CARD:")
"""With what the readers of cards begin a number that they found."""


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """What the scanner is set to do, beyond how it is reached.

    `prefix`, `suffix`: what it adds to every code. `aim`: whether it says the kind of symbol
    first; "auto" takes off what the standard lists, True any "]" and two more. `gs1`: the
    application identifier, such as "21", whose value is the code of a GS1 message or Digital
    Link; any other scan stays as it is. `gap_s`: after that many seconds of silence in its
    middle, a code is given up.
    """

    prefix: str = ""
    suffix: str = ""
    aim: Literal["auto", True, False] = "auto"
    gs1: str = "off"
    gap_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.gap_s > 0:
            raise ValueError("gap_s must be more than 0")
        if self.gs1 != "off":
            _check_identifier(self.gs1)


def clean(text: str) -> str:
    """Without control characters and halves of surrogate pairs, and without blanks at the ends;
    at most MAX_CODE characters."""
    return _printable(text).replace(GS, "").strip()[:MAX_CODE]


def no_card(text: str) -> str:
    """`text` as it is, but with a "?" before one that admission.codes would take for a card: what
    anybody can print or write must not pass for the number that a reader found itself."""
    read = text.upper().replace("-", "").replace(" ", "")
    return f"?{text}"[:MAX_CODE] if read.startswith(_CARDS) else text


def read_scan(raw: str, options: ScanOptions) -> str:
    """The text of one scan as it came; "" if it says nothing, never a card's. Never raises."""
    text = _printable(raw).strip().removeprefix(options.prefix).removesuffix(options.suffix)
    aim = _AIM.get(options.aim)
    found = aim.match(text) if aim else None
    symbol = found[0] if found else ""
    text = text.removeprefix(symbol)
    if options.gs1 != "off":
        text = _element(text.strip(), symbol, options.gs1) or text
    return no_card(clean(text))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c for c in text if c == GS or unicodedata.category(c) not in ("Cc", "Cs"))


def _check_identifier(ai: str) -> None:
    try:
        from biip import ParseError  # noqa: PLC0415
        from biip.gs1_application_identifiers import GS1ApplicationIdentifier  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise ValueError("gs1 needs biip; install wicket[gs1]") from missing
    try:
        known = GS1ApplicationIdentifier.extract(ai).ai == ai
    except ParseError:
        known = False
    if not known:
        raise ValueError(f'gs1 {ai!r} is no application identifier of GS1; "21" is a serial number')


def _element(text: str, symbol: str, ai: str) -> str | None:
    """The value of `ai`; None if the text holds no such element. Two of them, two links, or an
    element of variable length without its separator, are two codes glued into one: None too."""
    from biip import ParseError  # noqa: PLC0415
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI  # noqa: PLC0415
    from biip.gs1_messages import GS1Message  # noqa: PLC0415

    if len(text) > MAX_CODE or not text.isascii() or text.count("://") > 1:
        return None
    try:
        if text[:8].lower().startswith(("http://", "https://")):
            parts = [[element] for element in GS1DigitalLinkURI.parse(text).element_strings]
        elif symbol in _GS1_SYMBOLS and text[:1].isdigit():
            parts = [GS1Message.parse(part).element_strings for part in text.split(GS)]
        else:
            return None
    except (ParseError, ValueError):  # urllib has its own opinion of a URL
        return None
    if any(element.ai.separator_required for part in parts for element in part[:-1]):
        return None
    values = [element.value for part in parts for element in part if element.ai.ai == ai]
    return values[0] if len(values) == 1 else None
