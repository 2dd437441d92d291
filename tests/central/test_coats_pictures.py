"""Pictures of belongings, and QR codes in photos: whatever is uploaded."""

from __future__ import annotations

import asyncio
import io
import random
import zlib
from pathlib import Path

import pytest
import segno
from PIL import Image
from support.coats import Cloaks

from central.coats import pictures, reading
from central.sale.states import Refused

GPS, ORIENTATION = 0x8825, 0x0112
LINK = f"https://tickets.example.org/c/{'aB3_-' * 4}xy"


def encoded(image: Image.Image, format_: str = "JPEG", **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **how)
    return out.getvalue()


def photo(width: int = 3000, height: int = 2000) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width, height // 2))
    return image


def opened(jpeg: bytes | Refused) -> Image.Image:
    assert isinstance(jpeg, bytes), jpeg
    return Image.open(io.BytesIO(jpeg))


async def test_a_photo_is_upright_small_and_tells_nothing_of_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the camera was turned: shown a quarter clockwise
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 7.0)
    raw = encoded(photo(), exif=exif, comment=b"from Ada's phone", icc_profile=b"profile")
    assert b"Ada" in raw
    made = await pictures.prepare(raw)
    image = opened(made)
    assert (image.format, image.size) == ("JPEG", (853, 1280))
    left, right = image.getpixel((10, 600)), image.getpixel((840, 600))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[2] > 200
    assert right[0] > 200
    assert not image.getexif()
    assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Ada" not in (made if isinstance(made, bytes) else b"")


@pytest.mark.parametrize(
    ("mode", "format_"),
    [
        *(("CMYK", "JPEG"), ("L", "JPEG"), ("P", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG")),
        *(("1", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP")),
    ],
)
async def test_every_kind_of_picture_becomes_one(mode: str, format_: str) -> None:
    made = await pictures.prepare(encoded(Image.new(mode, (40, 30)), format_))
    assert opened(made).size == (40, 30)


async def test_a_phones_picture_with_a_second_one_in_it_is_kept() -> None:
    raw = encoded(photo(), "MPO", save_all=True, append_images=[photo(300, 200)])
    image = opened(await pictures.prepare(raw))
    assert image.size == (1280, 853)


def bomb(side: int) -> bytes:
    """A PNG of side * side pixels, all of them zero, that needs next to no bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        told = name + data
        return len(data).to_bytes(4, "big") + told + zlib.crc32(told).to_bytes(4, "big")

    size = side.to_bytes(4, "big")
    head = chunk(b"IHDR", size + size + bytes([8, 2, 0, 0, 0]))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [5_000, 20_000, 60_000, 2**31 - 1])
async def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    refused = await pictures.prepare(bomb(side))
    assert isinstance(refused, Refused)
    assert refused.code in {"too_large", "bad_picture"}


async def test_what_is_no_picture_is_refused() -> None:
    jpeg, png = encoded(photo(300, 200)), encoded(photo(300, 200), "PNG")
    scans = jpeg[:-2] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" * 100
    hostile = [b"", b"GIF89a", b"<svg onload='alert(1)'/>", b"\0" * 1000, jpeg[: len(jpeg) // 2]]
    hostile += [
        png[:100],
        jpeg[:30],
        encoded(photo(30, 20), "GIF"),
        encoded(photo(9, 9), "TIFF"),
        scans,
    ]
    for raw in hostile:
        assert isinstance(await pictures.prepare(raw), Refused), raw[:20]
        assert isinstance(await reading.read_qr(raw), Refused), raw[:20]
    too_large = await pictures.prepare(jpeg + bytes(20_000_000))
    assert too_large == Refused("too_large", "A picture has at most 12 MB.")


async def test_broken_bytes_never_crash() -> None:
    chance = random.Random(7)
    whole = [encoded(photo(60, 40), one) for one in ("JPEG", "PNG", "WEBP")]
    for number in range(150):
        raw = bytearray(whole[number % 3])
        for _ in range(chance.randint(1, 20)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        made = await pictures.prepare(bytes(raw))
        assert isinstance(made, Refused) or opened(made).size <= (1280, 1280)


async def test_pictures_are_kept_with_their_coat_ticket(cloaks: Cloaks) -> None:
    coat, other = await cloaks.hung("A1"), await cloaks.hung("A2")
    jpeg = await pictures.prepare(encoded(photo(300, 200)))
    assert isinstance(jpeg, bytes)

    async def add() -> int | Refused:
        return await cloaks.do(lambda c: pictures.add(c, coat.id, jpeg, cloaks.by))

    added = await asyncio.gather(*(add() for _ in range(6)))
    ids = [one for one in added if isinstance(one, int)]
    assert len(ids) == pictures.MAX_PICTURES
    assert await cloaks.do(lambda c: pictures.jpeg(c, ids[0], coat.id)) == jpeg
    assert await cloaks.do(lambda c: pictures.jpeg(c, ids[0], other.id)) is None
    await cloaks.do(lambda c: pictures.remove(c, ids[0], other.id, cloaks.by))
    await cloaks.do(lambda c: pictures.remove(c, ids[1], coat.id, cloaks.by))
    (found,) = [one for one in await found_by(cloaks, coat.code) if one]
    assert sorted(found) == sorted(set(ids) - {ids[1]})
    assert isinstance(await cloaks.do(lambda c: pictures.add(c, 999, jpeg, cloaks.by)), Refused)


async def found_by(cloaks: Cloaks, code: str) -> list[tuple[int, ...]]:
    found = await cloaks.look(code)
    assert not isinstance(found, Refused)
    return [one.pictures for one in found]


async def test_the_code_on_a_photographed_screen_is_read(tmp_path: Path) -> None:
    segno.make(LINK, error="m").save(str(tmp_path / "qr.png"), scale=8, border=4)
    shot = Image.new("RGB", (3000, 4000), (90, 80, 70))
    with Image.open(tmp_path / "qr.png") as code:
        shot.paste(code.convert("RGB").rotate(12, expand=True, fillcolor="white"), (900, 1500))
    assert await reading.read_qr(encoded(shot, quality=60)) == LINK
    nothing = await reading.read_qr(encoded(photo()))
    assert isinstance(nothing, Refused)
    assert nothing.code == "no_code"
