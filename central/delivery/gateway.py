"""What sends: one gateway for each kind of delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from central.delivery.outbox import MAX_TRIES

MAX_SAID = 300
SHORT = 5
"""Characters that tell nobody who or what is meant."""


@dataclass(frozen=True)
class Paper:
    """A file that goes with an e-mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Parcel:
    """A delivery, ready to go: `id` stays the same when it is sent again, `to` is E.164 or an
    e-mail address, `subject` and `papers` are for e-mail."""

    id: str
    to: str
    body: str
    subject: str = ""
    language: str = "en"
    papers: tuple[Paper, ...] = ()


class NotSent(Exception):
    """It did not go out, as far as is known; the message tells why. It is tried `most` times in
    all: ONCE if another try is of no use, UNBELIEVED if it may have gone out."""

    def __init__(self, said: str, *, most: int = MAX_TRIES) -> None:
        super().__init__(said)
        self.most = most


class Needless(Exception):
    """Nobody is to get it any more; the message tells why."""


class Gateway(Protocol):
    async def send(self, parcel: Parcel) -> str:
        """What the other side said. Raises NotSent."""


def plain(answer: str) -> str:
    """What somebody else said, short and without what cannot be seen."""
    text = " ".join("".join(c if c.isprintable() else " " for c in answer[:4000]).split())
    return text if len(text) <= MAX_SAID else text[: MAX_SAID - 1] + "…"


def without(said: str, parcel: Parcel) -> str:
    """What somebody else said, for logs and lists: with neither to whom it went nor the secrets of
    links in it, which some repeat."""
    links = [
        word.rstrip(".,;:!?)").rpartition("/")[2] for word in parcel.body.split() if "://" in word
    ]
    private = [text for text in (parcel.to, parcel.to.lstrip("+"), *links) if len(text) > SHORT]
    return re.sub("|".join(map(re.escape, private)), "…", said, flags=re.I) if private else said
