"""Accounts and sessions of staff. Passwords are kept as argon2id hashes, sessions as SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, insert, select, update

from admission.facts import CENTRAL
from central.catalogue.texts import hidden
from central.sale.states import By, Refused
from central.staff.roles import RIGHTS, Right, Role
from central.store.rows import insert_new
from central.store.schema import staff, staff_session

VISITOR = "visitor"
"""Who is told for whatever nobody of the staff did; no account has this name."""
MIN_PASSWORD = 10
MAX_PASSWORD = 200
SESSION = timedelta(hours=12)
"""So long after signing in one has to sign in again."""
IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
"""A session's use is written down so often."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_HASHER = PasswordHasher()
NOBODYS = "nobody's"
"""In place of the hash of a name that nobody has."""


@dataclass(frozen=True)
class Member:
    """One of the staff. `name` is also the till's, and what receipts and histories tell."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


@dataclass(frozen=True)
class Account:
    member: Member
    created_at: datetime
    disabled_at: datetime | None


def add(
    connection: Connection, member: Member, hashed: str, devices: Collection[str], by: By
) -> Member | Refused:
    """A new account; `hashed` is of `hash_password`. Names of devices are taken, for both have
    tills."""
    if not _NAME.fullmatch(member.name):
        return Refused("bad_name", "a name is a-z, 0-9 and -, begins with a letter, at most 40")
    if member.name == VISITOR:
        return Refused("name_taken", "visitors are called so")
    if member.name == CENTRAL or member.name in devices:
        return Refused("name_taken", f"{member.name} is the name of a device")
    row = {"name": member.name, "role": member.role.value, "password": hashed}
    if not insert_new(connection, staff, row | {"created_at": by.at, "who": by.who}):
        return Refused("name_taken", f"there is an account {member.name} already")
    return member


def change(
    connection: Connection,
    name: str,
    *,
    role: Role | None = None,
    hashed: str | None = None,
    disabled: bool | None = None,
    by: By,
) -> Account | Refused:
    """Change what is told. The sessions of the account end. The last admin stays one."""
    admins = _admins(connection)
    if name in admins and len(admins) == 1 and (disabled or role not in (None, Role.ADMIN)):
        return Refused("last_admin", "somebody has to be admin; make another one first")
    values: dict[str, object] = {}
    if role is not None:
        values["role"] = role.value
    if hashed is not None:
        values["password"] = hashed
    if disabled is not None:
        values["disabled_at"] = by.at if disabled else None
    if values:
        connection.execute(update(staff).where(staff.c.name == name).values(values))
        connection.execute(delete(staff_session).where(staff_session.c.staff == name))
    row = connection.execute(select(staff).where(staff.c.name == name)).first()
    return _account_of(row) if row else Refused("unknown_staff", f"there is no account {name}")


def accounts(connection: Connection) -> list[Account]:
    rows = connection.execute(select(staff).order_by(staff.c.name))
    return [_account_of(row) for row in rows]


def hash_password(password: str) -> str | Refused:
    """Slow on purpose (tens of milliseconds): not on the loop, not in a transaction."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        told = f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        return Refused("bad_password", told)
    if password != password.strip() or hidden(password):
        told = "a password has no spaces at its ends and no control characters"
        return Refused("bad_password", told)
    return _HASHER.hash(password)


def secret_of(connection: Connection, name: str) -> str:
    """The hash to check a password against; of nobody's if the account cannot sign in."""
    conditions = (staff.c.name == name, staff.c.disabled_at.is_(None))
    return connection.scalar(select(staff.c.password).where(*conditions)) or NOBODYS


def fits(hashed: str, password: str) -> bool:
    """As slow as `hash_password`, also for nobody's: so that nobody learns who has an account."""
    if hashed == NOBODYS:
        _HASHER.hash(password)
        return False
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def begin_session(connection: Connection, name: str, hashed: str, by: By) -> str | None:
    """The secret of a new session; None if the account has changed since its hash was read."""
    if secret_of(connection, name) != hashed:
        return None
    key = secrets.token_urlsafe(32)
    over = staff_session.c.begun_at <= by.at - SESSION
    connection.execute(delete(staff_session).where(over))
    row = {"key": _digest(key), "staff": name, "address": by.address}
    connection.execute(insert(staff_session).values(begun_at=by.at, seen_at=by.at, **row))
    return key


def session(connection: Connection, key: str, now: datetime) -> tuple[Member, bool] | None:
    """Whose session it is, and whether `touch` is due."""
    query = (
        select(staff.c.name, staff.c.role, staff_session.c.seen_at)
        .join(staff, staff.c.name == staff_session.c.staff)
        .where(
            staff_session.c.key == _digest(key),
            staff_session.c.begun_at > now - SESSION,
            staff_session.c.seen_at > now - IDLE,
            staff.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(query).first()
    return row and (Member(row.name, Role(row.role)), row.seen_at < now - SEEN_EVERY)


def touch(connection: Connection, key: str, now: datetime) -> None:
    here = staff_session.c.key == _digest(key)
    connection.execute(update(staff_session).where(here).values(seen_at=now))


def end_session(connection: Connection, key: str) -> None:
    connection.execute(delete(staff_session).where(staff_session.c.key == _digest(key)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _account_of(row: Row[Any]) -> Account:
    return Account(Member(row.name, Role(row.role)), row.created_at, row.disabled_at)


def _admins(connection: Connection) -> list[str]:
    """Who can sign in as one; nobody else changes them meanwhile."""
    conditions = (staff.c.role == Role.ADMIN.value, staff.c.disabled_at.is_(None))
    query = select(staff.c.name).where(*conditions).order_by(staff.c.name).with_for_update()
    return list(connection.scalars(query))
