"""Codes that a shop revoked, as it tells them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from central.foreign.list_file import may_be_foreign


def codes_of(text: str) -> list[str]:
    """One code a line, or JSON documents as pretix's API answers `revokedsecrets`: pages with
    `results`, each of which has a `secret`. Raises ValueError."""
    codes = list(_of_json(text) if text.lstrip()[:1] in ("{", "[") else _of_lines(text))
    for place, code in enumerate(codes, 1):
        if not may_be_foreign(code):
            raise ValueError(f"code {place} is no code of another shop")
    return codes


def _of_lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _of_json(text: str) -> Iterator[str]:
    """Page after page, however many there are."""
    decoder, at = json.JSONDecoder(), _past_blanks(text, 0)
    while at < len(text):
        try:
            page, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"no JSON: {error}") from error
        rows = page.get("results") if isinstance(page, dict) else page
        if not isinstance(rows, list):
            raise ValueError("a page has a list `results`")
        for row in rows:
            secret = row.get("secret") if isinstance(row, dict) else None
            if not isinstance(secret, str):
                raise ValueError("each of the results has a text `secret`")
            yield secret.strip()
        at = _past_blanks(text, at)


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
