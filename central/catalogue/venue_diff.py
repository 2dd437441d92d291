"""What differs between two venues, in words for who runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

from central.catalogue.offers import Offer
from central.catalogue.venue import Attraction, Venue


class ChangeKind(Enum):
    """CONFLICT is what staff must find a way for afterwards."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Change:
    kind: ChangeKind
    text: str


WORDS = {
    "admits": "opens",
    "channels": "sold by",
    "cut_off": "when cut off",
    "entitlements": "entitlement",
    "exceptions": "days that differ",
    "openings": "opening hours",
    "pretix": "web shop",
    "prices": "price rule",
    "schedules": "times",
    "text": "description",
}
"""Keys of the file that need another word; the rest are told as they are written."""


def differences(old: Venue | None, new: Venue, sold: Mapping[int, int]) -> Iterator[Change]:
    """`sold`: product → how many of it are sold or reserved."""
    if old:
        told = _parts(old, new, but=("attractions",))
        yield from (Change(ChangeKind.CHANGED, f"the venue: {what}") for what in told)
    before = {a.id: a for a in old.attractions} if old else {}
    after = {a.id: a for a in new.attractions}
    for id_, gone in before.items():
        if old and id_ not in after:
            yield Change(ChangeKind.GONE, f"{_called(gone, old)} is gone")
    for id_, here in after.items():
        if id_ not in before:
            yield Change(ChangeKind.ADDED, f"{_called(here, new)} is new, {here.kind.value}")
        else:
            for what in _parts(before[id_], here, but=("products",)):
                yield Change(ChangeKind.CHANGED, f"{_called(here, new)}: {what}")
    yield from _of_products(old, new, sold)


def _of_products(old: Venue | None, new: Venue, sold: Mapping[int, int]) -> Iterator[Change]:
    before = {o.id: (a, o) for a in old.attractions for o in a.products} if old else {}
    after = {o.id: (a, o) for a in new.attractions for o in a.products}
    opens = {p.id: p.entitlements for p in old.products()} if old else {}
    for id_, (attraction, offer) in before.items():
        if old and id_ not in after:
            kept = f"; {sold[id_]} sold or reserved stay good" if sold.get(id_) else ""
            text = f"{_product(attraction, offer, old)} is sold no more{kept}"
            yield Change(ChangeKind.GONE, text)
    told = {p.id: p.entitlements for p in new.products()}
    for id_, (attraction, offer) in after.items():
        called = _product(attraction, offer, new)
        if id_ not in before:
            price = f"{offer.price:f} {new.currency}"
            yield Change(ChangeKind.ADDED, f"{called} is new, {price}")
            continue
        for what in _parts(before[id_][1], offer):
            yield Change(ChangeKind.CHANGED, f"{called}: {what}")
        if id_ in opens and opens[id_] != told.get(id_) and sold.get(id_):
            text = f"{called}: what it admits to changes for {sold[id_]} that are sold, too"
            yield Change(ChangeKind.CHANGED, text)


def _called(attraction: Attraction, venue: Venue) -> str:
    return f'attraction "{attraction.id}" ({attraction.name[venue.languages[0]]})'


def _product(attraction: Attraction, offer: Offer, venue: Venue) -> str:
    return f"product {offer.id} ({attraction.id}: {offer.name[venue.languages[0]]})"


def _parts(old: Any, new: Any, but: Sequence[str] = ()) -> Iterator[str]:
    """What differs between two values of one dataclass, part by part."""
    for one in fields(new):
        before, after = getattr(old, one.name), getattr(new, one.name)
        if before != after and one.name not in but:
            yield from _part(WORDS.get(one.name, one.name), before, after)


def _part(word: str, old: Any, new: Any) -> Iterator[str]:
    if _items(old) or _items(new):
        yield from _of_items(word, old, new)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            if old.get(key) != new.get(key):
                yield f"{word}.{_key(key)} {_said(old.get(key))} → {_said(new.get(key))}"
    elif is_dataclass(old) and type(old) is type(new):
        yield from (f"{word}: {what}" for what in _parts(old, new))
    else:
        yield f"{word} {_said(old)} → {_said(new)}"


def _items(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and is_dataclass(value[0])


def _of_items(word: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
    """A list of tables; those that have a name are told one by one."""
    before, after = ({_name(item): item for item in items} for items in (old, new))
    names = [*before, *after]
    if "" in names or (len(before), len(after)) != (len(old), len(new)):
        yield f"{word} changed"
        return
    if before == after:
        yield f"{word}s in another order"
    for name in dict.fromkeys(names):
        if name not in after:
            yield f'{word} "{name}" is gone'
        elif name not in before:
            yield f'{word} "{name}" is new'
        else:
            for what in _parts(before[name], after[name]):
                yield f'{word} "{name}": {what}'


def _key(key: Any) -> str:
    return key if isinstance(key, str) else _said(key)


def _name(item: Any) -> str:
    """By what its table is known, as price rules are by their name."""
    told = (getattr(item, key, None) for key in ("name", "attraction", "zone"))
    return next((name for name in told if isinstance(name, str)), "")


def _said(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case date():
            return value.isoformat()
        case tuple():
            return ", ".join(map(_said, value)) or "nothing"
        case str():
            return f'"{value}"'
        case _ if is_dataclass(value):
            return "changed"
    return str(value)
