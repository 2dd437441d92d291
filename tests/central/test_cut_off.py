"""Where a venue says what gates do with a product while they cannot hear each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.central import CONFIG, DEVICES, Clock, central_in

from admission.values import CutOff, Product
from central.catalogue.venue import Venue, read_venue
from runtime.settings import BadSettings

TEXT = (CONFIG / "venue.toml").read_text()
STALLS = 'zones = ["Stalls"]\n'
ABOVE_50 = ("# [cut_off]\n# staff", "[cut_off]\nstaff")


def venue(stalls: str = "", *replacements: tuple[str, str]) -> Venue:
    """The sample with these keys in product 18, of 32.00."""
    text = TEXT
    for old, new in ((STALLS, STALLS + stalls), *replacements):
        assert old in text
        text = text.replace(old, new, 1)
    return read_venue(text, "venue.toml")


def product(id_: int, venue_: Venue) -> Product:
    return next(one for one in venue_.products() if one.id == id_)


def test_a_gate_decides_alone_unless_the_venue_says_otherwise() -> None:
    assert {one.cut_off for one in venue().products()} == {CutOff.ALONE}


def test_a_product_says_so_itself() -> None:
    homed = product(18, venue('cut_off = "home_gate"\nhome = "gate-1"\n'))
    assert (homed.cut_off, homed.home) == (CutOff.HOME_GATE, "gate-1")
    assert product(18, venue('cut_off = "staff_lane"\n')).cut_off is CutOff.STAFF_LANE


@pytest.mark.parametrize(
    ("limit", "staffed"),
    [("50.00", {8}), ("32.00", {8, 16}), ("31.99", {8, 16, 18}), ("60", set()), ("22.49", None)],
)
def test_what_may_cost_more_goes_to_a_staff_lane(limit: str, staffed: set[int] | None) -> None:
    told = venue("", ABOVE_50, ('above = "50.00"', f'above = "{limit}"'))
    found = {one.id for one in told.products() if one.cut_off is CutOff.STAFF_LANE}
    if staffed is None:  # by its dearest price rule: 18.00 and 25 percent
        assert 19 in found
    else:
        assert found == staffed


def test_what_a_product_says_counts_more_than_its_price() -> None:
    told = venue('cut_off = "alone"\n', ABOVE_50, ('above = "50.00"', 'above = "1.00"'))
    assert product(18, told).cut_off is CutOff.ALONE
    assert product(19, told).cut_off is CutOff.STAFF_LANE


@pytest.mark.parametrize(
    ("stalls", "said"),
    [
        ('cut_off = "home_gate"\n', "needs home, the gate that admits then"),
        ('home = "gate-1"\n', "nothing else has one"),
        ('cut_off = "staff_lane"\nhome = "gate-1"\n', "nothing else has one"),
        ('cut_off = "home_gate"\nhome = "North 1"\n', "home: 'North 1' cannot name"),
        ('cut_off = "maybe"\n', "maybe"),
    ],
)
def test_a_mistake_is_told_with_file_and_product(stalls: str, said: str) -> None:
    with pytest.raises(BadSettings) as wrong:
        venue(stalls)
    [line] = wrong.value.problems
    assert line.startswith("venue.toml: ") and "product 18" in line and said in line


@pytest.mark.parametrize("limit", ["-1", "NaN", "1e9"])
def test_a_limit_that_is_no_amount_is_refused(limit: str) -> None:
    with pytest.raises(BadSettings) as wrong:
        venue("", ABOVE_50, ('above = "50.00"', f'above = "{limit}"'))
    assert "staff_lane_above" in str(wrong.value)


async def test_a_home_that_is_no_gate_is_refused_and_told_of_at_the_start(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    homed = TEXT.replace(STALLS, STALLS + 'cut_off = "home_gate"\nhome = "gate-9"\n')
    file = tmp_path / "venue.toml"
    file.write_text(homed)
    async with central_in(tmp_path / "central", clock, venue=file) as client:
        assert "product 18: home: 'gate-9' is no gate of central.toml" in caplog.text
        headers = {"Authorization": f"Bearer {DEVICES['office-1'].token}"}
        async with client.http.post("/v1/venue?check", data=homed, headers=headers) as answer:
            told = await answer.json()
    assert told["refused"] == ["product 18: home: 'gate-9' is no gate of central.toml"]
