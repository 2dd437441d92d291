"""Tickets for the inside of a page: blocks with their kind and QR codes as SVG; what is told of how
a ticket stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from admission.values import Use
from central.papers import symbol
from central.papers.layout import Block, Code, Image, Rule, Words
from central.papers.sheet import Papers, Sheet
from central.papers.standing import Stand, Standing
from central.texts import Texts, own_name

MOST = 20
"""Tickets on one page."""
GOOD = frozenset({Stand.VALID, Stand.EARLY})


@dataclass(frozen=True)
class Part:
    """`kind` is the block's name in small letters; `svg` the QR code of a code, safe as it is."""

    kind: str
    block: Block
    svg: str = ""


@dataclass(frozen=True)
class Face:
    """A ticket on a page: what it is for and when at its head, then the code, for on a phone that
    is to be seen at once, then the rest."""

    venue: str
    logo: bool
    head: tuple[Part, ...]
    code: tuple[Part, ...]
    rest: tuple[Part, ...]


@dataclass(frozen=True)
class Card:
    """One ticket. `told` says how it stands, in words; `tone` is "good", "warn" or "bad", never
    told by colour alone."""

    number: int
    sheet: Sheet
    face: Face
    tone: str
    state: str
    told: tuple[str, ...]


@dataclass(frozen=True)
class Spoken:
    """A language in which the page can be read; `name` as its speakers call it."""

    tag: str
    name: str
    chosen: bool


def cards(papers: Papers, standings: Sequence[Standing], first: int) -> list[Card]:
    """From the ticket with this number on (1 is the first), at most MOST."""
    told = list(enumerate(zip(papers.sheets, standings, strict=True), 1))
    return [
        Card(
            number,
            sheet,
            face(papers.venue, sheet.blocks, papers.words),
            _tone(standing.stand),
            _state(sheet, standing.stand, papers.words.texts),
            tuple(_told(standing, papers)),
        )
        for number, (sheet, standing) in told[first - 1 : first - 1 + MOST]
    ]


def face(venue: str, blocks: Sequence[Block], words: Words) -> Face:
    """The first text is the venue's name."""
    logo = any(isinstance(one, Image) for one in blocks)
    code = [one for one in blocks if isinstance(one, Code)]
    plain = [one for one in blocks if not isinstance(one, Code | Image)][1:]
    middle = next(n for n, one in enumerate(plain) if isinstance(one, Rule))
    head, rest = plain[:middle], plain[middle + 1 :]
    return Face(venue, logo, *(tuple(_part(b, words) for b in part) for part in (head, code, rest)))


def languages(venue: Sequence[str], chosen: str) -> list[Spoken]:
    """Those in which the venue has its texts."""
    tags = dict.fromkeys((*venue, chosen))
    return [Spoken(tag, own_name(tag), tag == chosen) for tag in tags]


def _part(block: Block, words: Words) -> Part:
    svg = symbol.svg(block.data, words.texts.say("ticket.code")) if isinstance(block, Code) else ""
    return Part(type(block).__name__.lower(), block, svg)


def _tone(stand: Stand) -> str:
    if stand in GOOD:
        return "good"
    return "warn" if stand in (Stand.UNPAID, Stand.USED) else "bad"


def _state(sheet: Sheet, stand: Stand, texts_: Texts) -> str:
    start = None
    if sheet.issued:
        start = sheet.issued.ticket.window.start
    elif sheet.voucher:
        start = sheet.voucher.valid_from
    told = {"start": texts_.moment(start)} if start else {}
    return texts_.say(f"ticket.state.{stand.value}", **told)


def _told(standing: Standing, papers: Papers) -> list[str]:
    """When it was used, the last first; how many entries are left, of each attraction if there are
    several."""
    say, count = papers.words.texts.say, papers.words.texts.count
    told = [_use(use, papers) for use in standing.uses[::-1][:10]]
    if standing.stand not in GOOD or not (standing.uses or len(standing.left) > 1):
        return told
    for one in standing.left:
        text = say("ticket.left.any") if one.entries is None else count("ticket.left", one.entries)
        if len(standing.left) > 1:
            names = papers.place.names.get(one.attraction, {})
            text = f"{papers.words.of(names, one.attraction)}: {text}"
        told.append(text)
    return told


def _use(use: Use, papers: Papers) -> str:
    texts_ = papers.words.texts
    return texts_.say("ticket.used", moment=texts_.moment(use.at), where=use.lane)
