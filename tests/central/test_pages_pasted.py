"""What is pasted into a form: marks that nobody sees come along with it, and do no harm."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support.central import DEVICES, Clock, central_in
from support.roles import OWN_PAGE

from central.pages.forms import Form
from central.sale.states import By
from central.staff import people
from central.staff.people import Member
from central.staff.roles import Role
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


async def test_a_password_is_every_character_that_was_typed(tmp_path: Path) -> None:
    """A command may have set it: on some keyboards one types a no-break space without seeing it."""
    words = ["no\u00a0break", "soft\u00adhyphen", "zero\u200bwidth"]
    first, second = (f"{n} horse {' '.join(words)}" for n in range(2))
    async with central_in(tmp_path, Clock()) as central:
        hashed = people.hash_password(first)
        assert isinstance(hashed, str)
        anna, by = Member("anna", Role.ADMIN), By("root", central.clock())
        await central.api.database.write(lambda c: people.add(c, anna, hashed, DEVICES, by))

        async def post(path: str, **form: str) -> str:
            async with central.http.post(path, data=form, headers=OWN_PAGE) as answer:
                return str(answer.url.relative())

        async def sign_in(name: str, password: str) -> str:
            return await post("/office/sign-in", name=name, password=password)

        assert await sign_in("anna", first) == "/office"
        await post("/office/staff", name="berta", role="cashier", password=first, once="a")
        await post("/office/staff/berta", password=second, once="b")
        changed = await post("/office/me", old=first, new=second, once="c")
        assert changed == "/office/sign-in?said=password-changed"
        for name in ("anna", "berta"):
            assert await sign_in(name, second) == "/office", name
            meant = " ".join(second.split()).replace("\u00ad", "").replace("\u200b", "")
            assert await sign_in(name, meant) == "/office/sign-in", name
