"""Pictures of belongings: checked, turned upright, scaled, and without what cameras write along.

They are in the database, so that every worker has them and they go with what they show.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from PIL import Image, ImageOps
from sqlalchemy import Connection, delete, insert, select

from central.coats import coats
from central.sale.states import By, Refused
from central.store.schema import coat_picture

T = TypeVar("T")

MAX_BYTES = 12_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = {"JPEG": 50_000_000, "MPO": 50_000_000, "PNG": 20_000_000, "WEBP": 20_000_000}
"""By format; a JPEG is scaled while it is decoded, the others need 4 bytes for each pixel first.
Many a phone's JPEG has a second picture in it, which makes it an MPO (CIPA DC-007): the first
counts."""
MAX_SCANS = 64
"""Of a progressive JPEG, each of which costs as much as a whole picture; cameras write about 10."""
MAX_SIDE = 1280
MAX_PICTURES = 4
"""Of one coat ticket."""
QUALITY = 80
_START_OF_SCAN = b"\xff\xda"
_ONE_AT_A_TIME = ThreadPoolExecutor(1, "picture")
"""So that memory is bounded however many come at once."""
_BAD = Refused("bad_picture", "That is no picture, or it is broken. Use JPEG, PNG or WebP.")


async def prepare(raw: bytes) -> bytes | Refused:
    """The picture as a JPEG of at most MAX_SIDE pixels, decoded off the loop."""
    return await aside(partial(_prepare, raw))


async def aside(work: Callable[[], T]) -> T:
    """Decode in the thread for it."""
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, work)


def decoded(raw: bytes, side: int) -> Image.Image | Refused:
    """The picture upright, in RGB, at most `side` pixels wide and high."""
    if len(raw) > MAX_BYTES:
        return Refused("too_large", f"A picture has at most {MAX_BYTES // 1_000_000} MB.")
    if raw.count(_START_OF_SCAN) > MAX_SCANS:
        return _BAD
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS[image.format or ""]:
                return Refused("too_large", "That picture has too many pixels.")
            image.draft("RGB", (side, side))
            image.thumbnail((side, side))
            return _on_white(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Refused("too_large", "That picture has too many pixels.")
    except Exception:  # what decoders raise about hostile bytes is anything
        return _BAD


def add(connection: Connection, id_: int, jpeg: bytes, by: By) -> int | Refused:
    """Keep what `prepare` made; the picture's id."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if coat.fetched_at:
        return Refused("already_fetched", "It is fetched; a picture is of no use any more.")
    if coat.forgotten:
        return coats.FORGOTTEN
    if len(coat.pictures) >= MAX_PICTURES:
        return Refused("too_many_pictures", f"{MAX_PICTURES} pictures are enough; delete one.")
    row = {"ticket": id_, "at": by.at, "who": by.who, "jpeg": jpeg}
    made = connection.execute(insert(coat_picture).values(row))
    coats.note(connection, id_, "took a picture", by)
    assert made.inserted_primary_key
    return int(made.inserted_primary_key[0])


def jpeg(connection: Connection, picture: int, id_: int) -> bytes | None:
    """A picture of this coat ticket."""
    here = (coat_picture.c.id == picture, coat_picture.c.ticket == id_)
    found: bytes | None = connection.scalar(select(coat_picture.c.jpeg).where(*here))
    return found


def remove(connection: Connection, picture: int, id_: int, by: By) -> None:
    here = (coat_picture.c.id == picture, coat_picture.c.ticket == id_)
    if connection.execute(delete(coat_picture).where(*here)).rowcount:
        coats.note(connection, id_, "deleted a picture", by)


def _prepare(raw: bytes) -> bytes | Refused:
    image = decoded(raw, MAX_SIDE)
    if isinstance(image, Refused):
        return image
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """Nothing but its pixels: no place, no camera, no comment, no profile."""
    rgba = image.convert("RGBA")
    clean = Image.new("RGB", rgba.size, "white")
    clean.paste(rgba, mask=rgba.getchannel("A"))
    return clean
