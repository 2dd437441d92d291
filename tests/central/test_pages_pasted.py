"""What is pasted into a form: marks that nobody sees come along with it, and do no harm."""

from __future__ import annotations

from decimal import Decimal

import pytest

from central.pages.forms import Form
from runtime.convert import Invalid

MARKS = "\u00ad\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u2060\u2066\u2067\u2068\u2069\ufeff"


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_that_nobody_sees_is_taken_off(mark: str) -> None:
    form = Form({"a": f"{mark}{mark} A{mark}da {mark}", "n": f"{mark}7", "m": f"{mark}1,50{mark}"})
    assert (form.text("a"), form.number("n", 0, 9), form.amount("m")) == ("Ada", 7, Decimal("1.50"))
    form.check()


@pytest.mark.parametrize(
    "name",
    [
        "\u0646\u0627\u0645\u200c\u0647\u0627",
        "\U0001f469\u200d\U0001f52c",
        "\u0915\u094d\u200d\u0937",
    ],
)
def test_what_joins_letters_stays(name: str) -> None:
    assert Form({"a": name}).text("a") == name


def test_where_a_line_may_end_stays_in_long_texts() -> None:
    form = Form({"a": "Donau\u00addampf\n\u200eschiff\u200bfahrt"})
    assert form.text("a", lines=True) == "Donau\u00addampf\nschiff\u200bfahrt"


@pytest.mark.parametrize("text", ["evil\u202egpj.exe", "a\0b", "a\nb", "a\u2028b", "\ud800"])
def test_what_shows_something_else_is_refused(text: str) -> None:
    form = Form({"a": text})
    form.text("a")
    with pytest.raises(Invalid, match="no control characters"):
        form.check()
