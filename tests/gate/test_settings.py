"""gate.toml: the sample is good, and every mistake is named with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from admission.values import LaneMode
from gate.service import check
from gate.settings import GateSettings
from runtime.settings import BadSettings
from wicket.daemons import DAEMONS

SAMPLE = Path(__file__).parents[2] / "config" / "gate.toml"


def problems(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """What is wrong with the sample after these changes."""
    text = SAMPLE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = folder / "gate.toml"
    file.write_text(text)
    with pytest.raises(BadSettings) as bad:
        DAEMONS["gate"].load(file)
    for problem in bad.value.problems:
        assert problem.startswith(f"{file}: ")
    return [problem.removeprefix(f"{file}: ") for problem in bad.value.problems]


def test_the_sample_is_good_and_has_two_lanes() -> None:
    settings: GateSettings = DAEMONS["gate"].load(SAMPLE)
    assert [lane.name for lane in settings.lanes] == ["North 1", "North 2"]
    assert [lane.entry.mode for lane in settings.lanes] == [LaneMode.CONTROLLED] * 2
    check(settings)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('device = "gate-1"', 'devise = "gate-1"', "devise: no such key; did you mean 'device'?"),
        ('device = "gate-1"', 'device = "gate/1"', "'gate/1' cannot name"),
        ('device = "gate-1"', "device = 1", "device: expected a text, got 1"),
        ('site = "sample"', 'site = "#"', "'#' cannot name"),
        ('"Europe/Berlin"', '"Europe/Bärlin"', "timezone: 'Europe/Bärlin' is unknown"),
        ('"Europe/Berlin"', '"../etc/passwd"', "timezone: '../etc/passwd' is unknown"),
        ('"Europe/Berlin"', '"Europe"', "timezone: 'Europe' is unknown"),
        ('"http://127.0.0.1:8080"', '"127.0.0.1:8080"', "central: url: '127.0.0.1:8080' should"),
        ('"http://127.0.0.1:8080"', '"http://central/wicket"', "central: url:"),
        ('"http://127.0.0.1:8080"', '"http://central:99999"', "central: Port out of range"),
        ('token = "replace-me-with-a-secret-2"', 'token = "gehëim"', "central: token: only plain"),
        ('token = "replace-me-with-a-secret-2"', "", "central.token: missing"),
        ("# port = 1883", 'port = "1883"', "mqtt.port: expected a whole number, got '1883'"),
        ('name = "North 2"', 'name = "North 1"', "lanes: 'North 1' is given twice"),
        ('attractions = ["museum"]', "attractions = []", "lanes[0]: attractions: a lane needs"),
        ('attractions = ["museum"]', 'attractions = "museum"', "attractions: expected a list"),
        ("# pass_within_s = 8.0", "pass_within_s = 0", "lanes[0]: pass_within_s: must be more"),
        ("# pass_within_s = 8.0", "pass_within_s = nan", "lanes[0]: pass_within_s: must be more"),
        ("# pass_within_s = 8.0", "pass_within_s = inf", "lanes[0]: pass_within_s: must be more"),
        ("# pass_within_s = 8.0", 'pass_within_s = "8"', "lanes[0].pass_within_s: expected a num"),
        ('# mode = "controlled"', 'mode = "close"', "did you mean 'closed'?"),
        ('driver = "serial"', 'driver = "cereal"', "North 1.reader.driver: 'cereal' is no"),
        ('driver = "serial"', "", "North 1.reader.driver: None is no CodeReader driver"),
        ("# baud = 9600", "baud = 9601", "North 1.reader: baud 9601 is no speed"),
        ("# baud = 9600", "bauds = 9600", "North 1.reader.bauds: no such key; did you mean"),
        ('port = "/dev/serial', 'prot = "/dev/serial', "North 1.reader.port: missing"),
        ("pin = 17", 'pin = "17"', "North 1.turnstile.latch_in.pin: expected a whole number"),
        (
            "pull_up = true, b",
            "pull_up = 1, b",
            "turnstile.sensor.pull_up: expected true",
        ),
        ('sensor = { driver = "gpiozero"', 'sensor = { driver = "gpio"', "sensor.driver: 'gpio'"),
        (
            'displays = [{ driver = "sim" }]',
            'displays = ["sim"]',
            "lanes[1].entry.displays[0]: expected a table",
        ),
        (
            'displays = [{ driver = "sim" }]',
            'displays = [{ driver = "tv" }]',
            "North 2.display.driver:",
        ),
        ('zone = "museum"', 'zone = "musuem"', "lanes: 'North 1' leads to 'musuem', no name of"),
        ('name = "museum"', f"name = '{'m' * 65}'", "zones[0]: name: a zone needs one of at most"),
        ('# anti_passback = "off"', 'anti_passback = "firm"', "zones[0].anti_passback: 'firm'"),
        ("# capacity = 400", "capacity = -1", "zones[0]: capacity: cannot be less than 0"),
        ("# stale_after_min = 60", 'stale_after_min = "1 h"', "policy.stale_after_min: expected"),
        ('exit = { mode = "free" }', 'exit = { mode = "emergency" }', "comes from the fire input"),
        (
            'exit = { mode = "free" }',
            'exit = { schedule = [{ at = "25:00", mode = "free" }] }',
            "at: '25:00' is no time of day",
        ),
        (
            'exit = { mode = "free" }',
            'exit = { schedule = [{ at = "09:00", mode = "free", days = ["Mo"] }] }',
            "days: 'Mo' is none of MO, TU",
        ),
        ("# [page]", "[page]\nhost = '0.0.0.0'", "page: password: at least 8 characters"),
        (
            "# [[badges]]",
            '[[badges]]\nname = "Kim"\ncode = "123456"\ndoes = "free"',
            'only a role = "supervisor" may change modes',
        ),
        ('device = "gate-1"', 'device = "gate-1', "not TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(tmp_path, (old, new)))


def test_several_mistakes_are_named_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        ("state =", "stat ="),
        ('url = "http', 'uri = "http'),
        ('attractions = ["museum"]', 'attraction = ["museum"]'),
        ("# port = 1883", "port = true"),
    )
    assert [problem.partition(":")[0] for problem in sorted(told)] == [
        "central.uri",
        "central.url",
        "lanes[0].attraction",
        "lanes[0].attractions",
        "mqtt.port",
        "stat",
        "state",
    ]


def test_wrong_devices_of_all_lanes_are_named_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        ('driver = "serial"', 'driver = "cereal"'),
        ("pin = 17", "pun = 17"),
        ('displays = [{ driver = "sim" }]', 'displays = [{ driver = "sim", size = 7 }]'),
    )
    assert [problem.partition(":")[0] for problem in sorted(told)] == [
        "North 1.reader.driver",
        "North 1.turnstile.latch_in.pin",
        "North 1.turnstile.latch_in.pun",
        "North 2.display.size",
    ]


def test_a_gate_without_lanes_is_none(tmp_path: Path) -> None:
    text = SAMPLE.read_text()
    file = tmp_path / "gate.toml"
    file.write_text("lanes = []\n" + text[: text.index("# An area behind")])
    with pytest.raises(BadSettings, match="lanes: a gate needs at least one"):
        DAEMONS["gate"].load(file)
