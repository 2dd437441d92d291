"""Reading the QR code in a photo of the visitor's screen, where no scanner is at hand."""

from __future__ import annotations

from functools import partial

import zxingcpp

from central.coats import coats, pictures
from central.sale.states import Refused

MAX_SIDE = 2000
"""Enough for a code that fills a sixth of a photo."""


async def read_qr(raw: bytes) -> str | Refused:
    """What it says; of several codes that of a coat ticket."""
    return await pictures.aside(partial(_read, raw))


def _read(raw: bytes) -> str | Refused:
    image = pictures.decoded(raw, MAX_SIDE)
    if isinstance(image, Refused):
        return image
    found = zxingcpp.read_barcodes(
        image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    texts = sorted((one.text for one in found), key=lambda text: not coats.secret_in(text))
    if not texts:
        return Refused("no_code", "There is no QR code to be seen; hold the camera closer.")
    return texts[0][: coats.MAX_SHOWN]
