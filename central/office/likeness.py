"""What an unknown code looks like: mistyped, cut off, forged, of others, or no ticket at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from admission.codes import ALPHABET, HumanCode, SignedCode, TagCode, genuine, human_code, read_code
from admission.pretix import PretixCode
from admission.reasons import clock_time
from central.office import customers, search
from central.office.why import Known
from central.sale import vouchers
from central.store.schema import ticket

HUMAN = 8
"""Characters of a human code behind TK."""
SIGNED = 141
SHORTEST_CUT = 30
"""A scan that begins like a signed code and has at least so many characters was cut off."""


def looks_like(known: Known, now: datetime, zone: ZoneInfo) -> str:
    """One sentence, for a code of which central knows no ticket."""
    text = known.code.strip()
    match read_code(text):
        case SignedCode() as code:
            return _signed(known, code, now, zone)
        case HumanCode():
            return "A human code that is typed right, but no ticket here has it."
        case TagCode():
            return "A card or tag, which stands for no ticket here."
        case PretixCode():
            return "A code of a web shop (pretix), signed with none of the keys known here."
        case _:
            return _unread(text)


def meant(connection: Connection, text: str) -> list[str]:
    """The human codes of tickets that differ from a mistyped one in one character, or in two
    neighbours that were swapped."""
    plain = _plain(text)
    if not _is_human(plain):
        return []
    near = {human_code(code.low_bits) for code in _near(plain[2:])}
    query = select(ticket.c.human_code).where(ticket.c.human_code.in_(near))
    return sorted(connection.scalars(query))


def _signed(known: Known, code: SignedCode, now: datetime, zone: ZoneInfo) -> str:
    issuer = known.ledger.issuer(code.key)
    if issuer is None:
        return f"Signed with key {code.key}, which is none of ours: of another venue, or forged."
    whose = f"of {issuer.device}" if issuer.device else "of central"
    if not genuine(code, issuer):
        return f"Forged or damaged: it names key {code.key} {whose}, which did not sign it."
    if code.ticket.window.end <= issuer.valid_from:
        return f"Forged: it is good before key {code.key} {whose} began."
    if issuer.revoked_at:
        when = clock_time(issuer.revoked_at, now, zone)
        return f"Signed with key {code.key} {whose}, revoked {when}; no such sale was told."
    if issuer.device:
        return f"Genuine: {issuer.device} sold it by itself and has not told central yet."
    return "Genuine, but not in this database: was an older copy of it put back?"


def _unread(text: str) -> str:
    plain = _plain(text)
    if plain.startswith("TK") and 6 <= len(plain) <= 14:
        return _mistyped(plain)
    if plain.startswith("W") and len(plain) >= SHORTEST_CUT and set(plain[1:]) <= set(ALPHABET):
        return f"One of our codes, but {len(plain)} of its {SIGNED} characters: scan it again."
    if plain.startswith("GV") and len(plain) == len("GV") + vouchers.CHARACTERS:
        return "A gift voucher: it pays for tickets, and opens no lane."
    if customers.id_of(text.upper()):
        return "The number of a customer, not a ticket."
    if search.normal_code(text):
        return "An authorisation code, of a request perhaps: look for it under Ticket requests."
    if len(text) < 4:
        return "Too short for any ticket."
    return "No ticket of this venue: no list and no web shop known here has this code."


def _mistyped(plain: str) -> str:
    wrong = sorted({c for c in plain[2:] if c not in ALPHABET + "OIL"})
    if len(plain) != 2 + HUMAN:
        told = f"a human code has {HUMAN} characters behind TK, this one {len(plain) - 2}"
    elif wrong:
        told = f"no human code has {', '.join(wrong)}"
    else:
        told = "its last character does not fit the others: one is wrong, or two are swapped"
    return f"A mistyped human code: {told}."


def _near(text: str) -> Iterator[HumanCode]:
    for at, now in enumerate(text):
        changed = [text[:at] + other + text[at + 1 :] for other in ALPHABET if other != now]
        if at + 1 < len(text):
            changed.append(text[:at] + text[at + 1] + now + text[at + 2 :])
        for one in changed:
            if isinstance(code := read_code("TK" + one), HumanCode):
                yield code


def _is_human(plain: str) -> bool:
    return plain.startswith("TK") and len(plain) == 2 + HUMAN


def _plain(text: str) -> str:
    return "".join(text.upper().replace("-", "").split())
