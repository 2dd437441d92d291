"""Tags: the numbered hangers, some with an NFC chip or a barcode."""

from __future__ import annotations

import re

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from central.catalogue.texts import hidden
from central.coats import rooms
from central.coats.values import Tag, TagState
from central.sale.states import By, Refused
from central.store.schema import cloakroom, coat_piece, coat_rack, coat_tag

MAX_AT_ONCE = 1000
MAX_TAGS = 10_000
"""Of one cloakroom."""
MAX_CODE = 100
_TEXT = re.compile(r"[0-9A-Z][0-9A-Z .:/_-]{0,19}")
_RANGE = re.compile(r"(.*?)([0-9]{1,6})\s*-\s*(.*?)([0-9]{1,6})")


def texts_of(told: str) -> list[str] | Refused:
    """ "A1-A3, VIP 1" is A1, A2, A3 and VIP 1; "A01-A60" keeps its zeros."""
    if len(told) > 2000:
        return Refused("bad_tags", "That is too long; register some first.")
    found: dict[str, None] = {}
    for part in re.split(r"[,;\n]", told.upper()):
        text = " ".join(part.split())
        texts = _range(text) if _RANGE.fullmatch(text) else [text]
        if isinstance(texts, Refused):
            return texts
        found |= dict.fromkeys(one for one in texts if one)
        if len(found) > MAX_AT_ONCE:
            return Refused("too_many_tags", f"At most {MAX_AT_ONCE} at once.")
    for text in found:
        if not _TEXT.fullmatch(text):
            return Refused("bad_tags", f"{text[:40]!r}: write 1 to 20 letters and digits.")
    return list(found) or Refused("bad_tags", "Write what is on the tags, like A1-A60.")


def register(connection: Connection, room: int, rack: int, told: str, by: By) -> int | Refused:
    """Put tags on a rack; how many are new to it. Those that are on another rack move to it, if
    nothing hangs on them."""
    texts = texts_of(told)
    if isinstance(texts, Refused):
        return texts
    found = rooms.find(connection, room, lock=True)
    if isinstance(found, Refused):
        return found
    if rack not in {one.id for one in found.racks}:
        return Refused("unknown_rack", "That rack is not in this cloakroom.")
    here = coat_tag.c.cloakroom == room
    known = {row.text: row for row in connection.execute(select(coat_tag).where(here))}
    if len(known.keys() | set(texts)) > MAX_TAGS:
        return Refused("too_many_tags", f"A cloakroom has at most {MAX_TAGS} tags.")
    moved = [known[text].id for text in texts if text in known and known[text].rack != rack]
    hanging = select(coat_tag.c.text).join(coat_piece, coat_piece.c.tag == coat_tag.c.id)
    hanging = hanging.where(coat_piece.c.off_at.is_(None), coat_tag.c.id.in_(moved))
    if moved and (busy := connection.scalar(hanging.limit(1))):
        return Refused("tag_taken", f"{busy} is on another rack, and something hangs on it.")
    if moved:
        connection.execute(update(coat_tag).where(coat_tag.c.id.in_(moved)).values(rack=rack))
    row = {"cloakroom": room, "rack": rack, "state": TagState.IN_SERVICE.value, "code": None}
    new = [row | {"text": one, "number": _number(one)} for one in texts if one not in known]
    if new:
        connection.execute(insert(coat_tag), new)
    return len(new) + len(moved)


def give_code(connection: Connection, tag: int, code: str, by: By) -> Tag | Refused:
    """What a reader says of the tag: the number of its NFC chip or its barcode's text; "" for
    nothing any more."""
    found = by_id(connection, tag, lock=True)
    if isinstance(found, Refused):
        return found
    code = as_code(code)
    if len(code) > MAX_CODE or hidden(code):
        return Refused("bad_code", f"A tag's code has at most {MAX_CODE} plain characters.")
    query = select(coat_tag.c.text, cloakroom.c.name).join(cloakroom)
    other = connection.execute(query.where(coat_tag.c.code == code, coat_tag.c.id != tag)).first()
    if code and other:
        return Refused("code_taken", f"That is the code of {other.text} in {other.name}.")
    connection.execute(update(coat_tag).where(coat_tag.c.id == tag).values(code=code or None))
    return by_id(connection, tag)


def set_state(connection: Connection, tag: int, state: TagState, by: By) -> Tag | Refused:
    """Retire a tag, say that it is lost, or put it back in service. Whatever hangs on it is fetched
    or hung elsewhere first."""
    found = by_id(connection, tag, lock=True)
    if isinstance(found, Refused):
        return found
    if found.ticket and state is not TagState.IN_SERVICE:
        return Refused("tag_taken", f"Something hangs on {found.text}; hang it elsewhere first.")
    connection.execute(update(coat_tag).where(coat_tag.c.id == tag).values(state=state.value))
    return by_id(connection, tag)


def tags(connection: Connection, room: int, after: int = 0, limit: int = 500) -> list[Tag]:
    """By rack, and on it by number, `limit` of them but for the first `after`."""
    return _tags(connection, _SELECT.where(coat_tag.c.cloakroom == room), after, limit)


def free(connection: Connection, room: int, limit: int = 60) -> list[Tag]:
    """Where something can be hung, on racks with room, by rack and number."""
    room_on = [one.rack.id for one in rooms.standing(connection, room) if one.room]
    query = _SELECT.where(
        coat_tag.c.rack.in_(room_on),
        coat_tag.c.state == TagState.IN_SERVICE.value,
        coat_piece.c.id.is_(None),
    )
    return _tags(connection, query, 0, limit)


def find(connection: Connection, room: int, told: str) -> Tag | Refused:
    """By its text, however it is typed, or by its code, as a reader says it."""
    text, code = " ".join(told.upper().split()), as_code(told)
    if not code or len(code) > MAX_CODE or hidden(code):
        return Refused("unknown_tag", "Type or scan a tag.")
    same = or_(coat_tag.c.text == text, coat_tag.c.code == code)
    found = _tags(connection, _SELECT.where(coat_tag.c.cloakroom == room, same), 0, 2)
    # A text that is another tag's code: what is written on it counts.
    found.sort(key=lambda tag: tag.text != text)
    if not found:
        return Refused("unknown_tag", f"There is no tag {told.strip()[:40]} in this cloakroom.")
    return found[0]


def by_id(connection: Connection, tag: int, *, lock: bool = False) -> Tag | Refused:
    """Locked with its cloakroom, so that nobody hangs anything on it."""
    if lock:
        room = select(coat_tag.c.cloakroom).where(coat_tag.c.id == tag)
        query = select(cloakroom.c.id).where(cloakroom.c.id == room.scalar_subquery())
        connection.execute(query.with_for_update())
    found = _tags(connection, _SELECT.where(coat_tag.c.id == tag), 0, 1)
    return found[0] if found else Refused("unknown_tag", "There is no such tag.")


def as_code(told: str) -> str:
    """NFC numbers come as 04:A1:B2…, 04a1b2…, or of a desk's reader as NFC:04A1B2…"""
    told = told.strip().removeprefix("NFC:")
    plain = re.sub(r"[: ]", "", told)
    return plain.upper() if re.fullmatch(r"[0-9A-Fa-f]{8,20}", plain) else told


_HANGING = and_(coat_piece.c.tag == coat_tag.c.id, coat_piece.c.off_at.is_(None))
_SELECT = (
    select(coat_tag, coat_rack.c.name.label("rack_name"), coat_piece.c.ticket)
    .join(coat_rack, coat_rack.c.id == coat_tag.c.rack)
    .outerjoin(coat_piece, _HANGING)
)


def _tags(
    connection: Connection, query: Select[tuple[object, ...]], after: int, limit: int
) -> list[Tag]:
    stem = func.rtrim(coat_tag.c.text, "0123456789")
    order = (coat_tag.c.rack, stem, coat_tag.c.number, coat_tag.c.text)
    rows = connection.execute(query.order_by(*order).offset(after).limit(limit))
    return [_tag(row) for row in rows]


def _tag(row: Row[tuple[object, ...]]) -> Tag:
    return Tag(
        row.id,
        row.cloakroom,
        row.rack_name,
        row.text,
        row.code or "",
        TagState(row.state),
        row.ticket or 0,
    )


def _number(text: str) -> int:
    digits = re.search(r"[0-9]{1,9}$", text)
    return int(digits[0]) if digits else 0


def _range(text: str) -> list[str] | Refused:
    parts = _RANGE.fullmatch(text)
    assert parts
    before, first, again, last = parts.groups()
    if again not in ("", before):
        return [text]
    count = int(last) - int(first) + 1
    if not 1 <= count <= MAX_AT_ONCE:
        return Refused(
            "bad_tags", f"{text[:40]}: from a lower number to a higher one, at most 1000."
        )
    width = len(first) if first.startswith("0") else 0
    return [f"{before}{number:0{width}d}" for number in range(int(first), int(last) + 1)]
