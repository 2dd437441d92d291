"""Plain data becomes values, or is refused."""

from __future__ import annotations

from datetime import datetime

import pytest

from runtime.convert import Invalid, structure


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "3000-01-01T00:00:00+00:00",
        "2026-11-21T12:00:00",
    ],
)
def test_a_time_that_no_clock_of_ours_shows_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        structure(text, datetime)
