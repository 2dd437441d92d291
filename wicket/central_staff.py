"""What `wicket central add-staff` and `change-staff` do, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from typing import Any

from central.sale.states import By, Refused
from central.settings import CentralSettings
from central.staff import audit, people
from central.staff.people import Member
from central.staff.roles import Role
from central.store.beside import beside
from central.store.database import DatabaseDown
from runtime.service import utc_now
from runtime.settings import load
from wicket.central_store import Said

COMMAND = "command line"
"""The address that the audit trail tells."""


def add(config: Path, name: str, role: str, password: str) -> Said:
    """Raises BadSettings."""
    settings, hashed = load(config, CentralSettings), people.hash_password(password)
    if isinstance(hashed, Refused):
        return Said(hashed.detail, exit_code=1)

    def work(connection: Any, by: By) -> str | Refused:
        done = people.add(connection, Member(name, Role(role)), hashed, settings.devices, by)
        if isinstance(done, Refused):
            return done
        audit.write(connection, "add-staff", name, role, by)
        return f"{name} may sign in at {settings.public.url}/office as {role}"

    return _said(settings, work)


def change(
    config: Path, name: str, role: str | None, password: str, *, disabled: bool | None
) -> Said:
    """What is not told stays: None, or "". Raises BadSettings."""
    hashed = people.hash_password(password) if password else None
    if isinstance(hashed, Refused):
        return Said(hashed.detail, exit_code=1)
    new = Role(role) if role else None

    def work(connection: Any, by: By) -> str | Refused:
        done = people.change(connection, name, role=new, hashed=hashed, disabled=disabled, by=by)
        if isinstance(done, Refused):
            return done
        told = "disabled" if done.disabled_at else done.member.role.value
        audit.write(connection, "change-staff", name, told, by)
        return f"{name} is changed ({told}) and has to sign in again"

    return _said(load(config, CentralSettings), work)


def _said(settings: CentralSettings, work: Callable[[Any, By], str | Refused]) -> Said:
    by = By(getuser()[:40], utc_now(), COMMAND)
    try:
        with beside(settings.database_url) as database:
            done = database.write(lambda c: work(c, by))
    except DatabaseDown as down:
        return Said(str(down), exit_code=1)
    return Said(done.detail, exit_code=1) if isinstance(done, Refused) else Said(done)
