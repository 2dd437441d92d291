"""What staff can go to, by what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from central.staff.people import Member
from central.staff.roles import Right


@dataclass(frozen=True)
class Entry:
    """A page that stands in the menu, for who has the right."""

    right: Right
    path: str
    title: str
    about: str


ENTRIES = (
    Entry(Right.STAFF, "/office/staff", "Staff", "Accounts and roles."),
    Entry(Right.AUDIT, "/office/audit", "Audit trail", "What staff did, when and from where."),
)
"""In the order of the menu."""


def menu_of(member: Member | None) -> list[Entry]:
    return [one for one in ENTRIES if member and member.may(one.right)]
