"""A venue's logo: whatever picture is uploaded becomes a small PNG of nothing but its dots.

Slow: call it in a thread of its own (`asyncio.to_thread`).
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from central.sale.states import Refused

MAX_BYTES = 2 * 1024 * 1024
MAX_DOTS = 20_000_000
"""So many are 80 MB while they are looked at."""
SIDES = (600, 240)
MAX_STORED = 200_000
_FORMATS = ("PNG", "JPEG", "WEBP")


def make(uploaded: bytes) -> bytes | Refused:
    """A PNG of at most 600 by 240 dots, without what else the file tells (place, camera, name)."""
    if len(uploaded) > MAX_BYTES:
        return Refused("logo", "the logo is too large: at most 2 MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _made(uploaded)
    except UnidentifiedImageError:
        return Refused("logo", "that is no picture that can be a logo: PNG, JPEG or WebP")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _TOO_MANY
    except Exception as error:  # what decoders raise about hostile bytes is anything
        return Refused("logo", f"the picture is damaged ({error})")


_TOO_MANY = Refused("logo", "the logo has too many dots: at most 20 million")


def _made(uploaded: bytes) -> bytes | Refused:
    with Image.open(io.BytesIO(uploaded), formats=_FORMATS) as picture:
        if picture.width * picture.height > MAX_DOTS:
            return _TOO_MANY
        if getattr(picture, "n_frames", 1) > 1:
            return Refused("logo", "the logo moves: one picture, please")
        picture.draft("RGB", SIDES)
        dots = ImageOps.exif_transpose(picture).convert("RGBA")
    dots = dots.crop(dots.getchannel("A").getbbox() or (0, 0, 1, 1))
    dots.thumbnail(SIDES)
    stored = _png(dots)
    if len(stored) > MAX_STORED:
        stored = _png(dots.quantize(64))
    return stored


def _png(picture: Image.Image) -> bytes:
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    if picture.mode == "P":
        bare.putpalette(picture.getpalette("RGBA") or [], "RGBA")
    out = io.BytesIO()
    bare.save(out, "PNG", optimize=True)
    return out.getvalue()
