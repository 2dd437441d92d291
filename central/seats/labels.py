"""Spans of labels as people write them: "A-T", "1-30", "1-29/2, 2-30/2", "AA, BB"."""

from __future__ import annotations

import re

MAX_LABEL = 6
MAX_LABELS = 1000
_LABEL = re.compile(rf"[A-Za-z0-9]{{1,{MAX_LABEL}}}")
_SPAN = re.compile(r"(?P<first>\d{1,4}|[A-Z])-(?P<last>\d{1,4}|[A-Z])(?:/(?P<step>\d{1,2}))?")


def labels(text: str) -> tuple[str, ...]:
    """The labels in their order, each once. A span goes up or down, "/2" takes every second one.
    Raises ValueError."""
    found: list[str] = []
    for part in text.split(","):
        found += _span(part.strip())
        if len(found) > MAX_LABELS:
            raise ValueError(f"{text!r}: at most {MAX_LABELS} of them")
    if len(set(found)) < len(found):
        raise ValueError(f"{text!r} names one twice")
    return tuple(found)


def _span(part: str) -> list[str]:
    if _LABEL.fullmatch(part):
        return [part]
    match = _SPAN.fullmatch(part)
    if match is None or match["first"].isdigit() != match["last"].isdigit():
        raise ValueError(f'{part!r}: write a label, or a span like "A-T", "1-30" or "2-30/2"')
    number = match["first"].isdigit()
    first, last = (int(t) if number else ord(t) for t in (match["first"], match["last"]))
    step = int(match["step"] or 1)
    if not step:
        raise ValueError(f"{part!r}: a step is at least 1")
    span = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    return [str(n) if number else chr(n) for n in span]
