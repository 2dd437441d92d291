"""The demo's ticket office: an account to sign in with, a cloakroom, tags to lay on."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.service import utc_now
from wicket.demo.venue import DESK, Demo

if TYPE_CHECKING:
    from central.sale.states import By

ACCOUNT = "demo"
RACKS = ("A", "B")
TAGS_ON_A_RACK = 20
CHIPS = {"A1": "NFC:04D1E2F3A40180", "A2": "NFC:04D1E2F3A40280", "A3": "NFC:04D1E2F3A40380"}
"""Tags with an NFC chip, and what a reader says of them."""


@dataclass(frozen=True)
class Office:
    """What somebody needs to know to work there."""

    url: str
    register: str
    name: str
    password: str
    desk: str
    chips: dict[str, str]


async def prepare(demo: Demo) -> Office:
    """Once central answers; what is there already is left as it is. The database of an older demo
    may have neither."""
    return await asyncio.to_thread(_prepare, demo)


def _prepare(demo: Demo) -> Office:
    from central.sale.states import By
    from central.settings import CentralSettings
    from central.store.beside import beside
    from runtime.settings import load

    settings = load(demo.config("central"), CentralSettings)
    password, by = _password(demo.state / "config" / "password"), By(ACCOUNT, utc_now())
    with beside(settings.database_url) as database:
        database.write(lambda c: _account(c, password, by))
        room = database.write(lambda c: _cloakroom(c, settings, by))
    office = f"{demo.central_url}/office"
    register = f"{demo.central_url}/c/{room}/register"
    return Office(office, register, ACCOUNT, password, DESK, CHIPS)


def _password(file: Path) -> str:
    """The same one at every start."""
    if not file.exists():
        file.touch(0o600)
        file.write_text(f"demo-{secrets.token_hex(3)}")
    return file.read_text()


def _account(connection: Any, password: str, by: By) -> None:
    """Whoever changed its password, or has an older one, finds this one again."""
    from central.sale.states import Refused
    from central.staff import people
    from central.staff.people import Member
    from central.staff.roles import Role

    if people.fits(people.secret_of(connection, ACCOUNT), password):
        return
    hashed = people.hash_password(password)
    assert isinstance(hashed, str)
    made = people.add(connection, Member(ACCOUNT, Role.ADMIN), hashed, (), by)
    if isinstance(made, Refused):
        people.change(connection, ACCOUNT, role=Role.ADMIN, hashed=hashed, disabled=False, by=by)


def _cloakroom(connection: Any, settings: Any, by: By) -> int:
    """The id of the first one; with tags, if it is new."""
    from central.catalogue import venues
    from central.coats import rooms, tags
    from central.coats.values import Cloakroom, Rack
    from central.sale.states import Refused

    if known := rooms.cloakrooms(connection):
        return known[0].id
    newest = venues.newest(connection)
    assert newest, "central began without a venue"
    house = rooms.house_of(newest.venue, settings.sms.country)
    wanted = Cloakroom("Cloakroom", tuple(Rack(name, TAGS_ON_A_RACK) for name in RACKS))
    room = rooms.save(connection, house, wanted, by)
    assert not isinstance(room, Refused), room
    for rack in room.racks:
        told = f"{rack.name}1-{rack.name}{TAGS_ON_A_RACK}"
        tags.register(connection, room.id, rack.id, told, by)
    for text, code in CHIPS.items():
        tag = tags.find(connection, room.id, text)
        assert not isinstance(tag, Refused), tag
        tags.give_code(connection, tag.id, code, by)
    return room.id
