"""Configuration mistakes are named, all at once, with the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.central import CONFIG

from central.catalogue.venue import load_venue
from central.delivery.settings import Tls
from central.settings import CentralSettings, Channel
from runtime.settings import BadSettings, load
from wicket.daemons import DAEMONS

CENTRAL = (CONFIG / "central.toml").read_text()
VENUE = (CONFIG / "venue.toml").read_text()


def test_how_to_send_can_be_taken_from_the_sample(tmp_path: Path) -> None:
    begin = CENTRAL.index("# [sms] ")
    commented = CENTRAL[begin : CENTRAL.index("[mqtt]")].splitlines()
    lines = [line.removeprefix("# ") for line in commented if not line.startswith("# apprise")]
    file = tmp_path / "central.toml"
    file.write_text(CENTRAL.replace("[mqtt]", "\n".join(lines) + "\n[mqtt]", 1))
    settings = load(file, CentralSettings)
    assert settings.sms and settings.sms.http and settings.sms.http.ok == "/status=queued"
    assert settings.email and settings.email.tls is Tls.STARTTLS


@pytest.mark.parametrize(
    "told",
    [
        '[sms]\napprise = "json://sms.example.org/?:to={to}"\n[mqtt]',
        '[email]\nhost = "mail"\nsender = "a@b.example"\n[mqtt]',
    ],
)
def test_no_message_has_a_link_to_this_computer(tmp_path: Path, told: str) -> None:
    file, text = tmp_path / "central.toml", CENTRAL.replace("[mqtt]", told, 1)
    file.write_text(text)
    with pytest.raises(BadSettings, match=r"\[public\] url: links in SMS"):
        DAEMONS["central"].load(file)
    file.write_text(text.replace("[public]", '[public]\nurl = "http://127.0.0.1:9999"', 1))
    assert DAEMONS["central"].load(file).public.url == "http://127.0.0.1:9999"


def test_the_samples_are_good() -> None:
    settings = load(CONFIG / "central.toml", CentralSettings)
    assert set(settings.devices) == {"kiosk-1", "gate-1"}
    minutes = [settings.reservation_min.of(c).total_seconds() / 60 for c in Channel]
    assert minutes == [4, 25, 20]
    venue = load_venue(CONFIG / "venue.toml")
    assert [a.id for a in venue.attractions][:3] == ["museum", "tour", "concert"]


def problems_of(path: Path, old: str, new: str) -> str:
    kind_is_venue = path.name == "venue.toml"
    text = VENUE if kind_is_venue else CENTRAL
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BadSettings) as caught:
        if kind_is_venue:
            load_venue(path)
        else:
            load(path, CentralSettings)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id = 7\n", "id = 4\n", "product id 4 is used 2 times"),
        ('id = "concert"', 'id = "tour"', "attraction id 'tour' is used 2 times"),
        ('id = "concert"', 'id = "Concert!"', "Concert!"),
        ("id = 7\n", "id = 70000\n", "70000"),
        ('price = "12.50"', "price = 12.5", "amount in quotes"),
        ('price = "12.50"', 'price = "-1.00"', "price"),
        ('price = "12.50"', 'price = "1e3"', "price"),
        ("persons = 5", "persons = 256", "persons"),
        ("capacity = 80", "capacity = 0", "capacity"),
        ("capacity = 80", "capactiy = 80", "did you mean 'capacity'"),
        ('rrule = "FREQ=DAILY"', 'rrule = "FREQ=SOMETIMES"', "SOMETIMES"),
        ('rrule = "FREQ=DAILY"', 'rrule = "FREQ=SECONDLY"', "by the minute"),
        ('first = "2026-01-01T20:00"', 'first = "2026-01-01T20:00Z"', "leave the zone off"),
        ('first = "2026-01-01T20:00"', 'first = "tonight"', "tonight"),
        ("duration_min = 120", "duration_min = 0", "duration_min"),
        ('open = "00:00"', 'open = "12"', "no wall time"),
        ('close = "24:00"', 'close = "00:00"', "before it opens"),
        ("[[attractions.openings]]", "[[attractions.schedules]]", "schedule"),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe/Bärlin"', "Bärlin"),
        ('timezone = "Europe/Berlin"', 'timezone = "../etc/passwd"', "timezone"),
        ('currency = "EUR"', 'currency = "€"', "currency"),
        ('fr = "Musée"', 'nl = "Museum"', "museum: name.fr is missing"),
        ("from_days = 60", "from_days = -1", "sales"),
        ('currency = "EUR"', 'currency = "EUR"\nmessages = { "sms.tickets".de = "x" }', "{link}"),
    ],
)
def test_a_mistake_in_the_venue_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in problems_of(tmp_path / "venue.toml", old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[devices.gate-1]", "[devices.central]", "'central'"),
        ("[devices.gate-1]", '[devices."gate/1"]', "'gate/1'"),
        ('kind = "gate"', 'kind = "goat"', "did you mean 'gate'"),
        ("a-secret-2", "a-secret-1", "same token"),
        ("replace-me-with-a-secret-2", "short", "at least 16"),
        ("# kiosk = 4", "kiosk = 0", "at least one minute"),
        ("[mqtt]", "[sms]\n[mqtt]", "either http"),
        ("[mqtt]", '[sms]\napprise = "json://localhost"\n[mqtt]', "{to} has to stand"),
        ("[mqtt]", '[sms]\napprise = "json://{to}"\ncountry = "Germany"\n[mqtt]', "like 'DE'"),
        ("[mqtt]", '[sms.http]\nurl = "sms.example.org"\n[mqtt]', "should be like"),
        ("[mqtt]", '[sms.http]\nurl = "https://x.example"\n[mqtt]', "{to} has to stand"),
        ("[mqtt]", '[sms.http]\nurl = "https://x.example"\njson = "{to}"\n[mqtt]', "json: that"),
        ("[mqtt]", '[email]\nhost = "mail"\n[mqtt]', "sender"),
        ("[mqtt]", '[email]\nhost = "mail"\nsender = "Museum"\n[mqtt]', "'Museum'"),
        ("[mqtt]", '[email]\nhost = "m"\nsender = "a@b"\nusername = "a"\n[mqtt]', "both"),
    ],
)
def test_a_mistake_in_the_settings_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in problems_of(tmp_path / "central.toml", old, new)
