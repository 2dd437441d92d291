"""Slips as central tells them (docs/openapi.yaml, Slip): plain data to be believed by nobody."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from hal.ports import Slip, SlipCode, SlipImage, SlipPart, SlipRule, SlipText

MAX_PARTS = 100
MAX_TEXT = 2000
MAX_CODE = 2331
"""What fits in a QR code as it is printed, in bytes."""
MAX_IMAGE = 100_000


def read_slip(data: object) -> Slip:
    """Raises ValueError for what is no slip. Keys of a part that are unknown here are passed over,
    a part of an unknown kind is not: paper would lack what central wants on it."""
    parts = data.get("parts") if isinstance(data, Mapping) else None
    if not isinstance(parts, list | tuple) or not 1 <= len(parts) <= MAX_PARTS:
        raise ValueError(f"slip: 1 to {MAX_PARTS} parts")
    return Slip(tuple(map(_part, parts)))


def _part(data: object) -> SlipPart:
    if not isinstance(data, Mapping):
        raise ValueError("slip: a part is an object")
    if "rule" in data:
        return SlipRule()
    if "code" in data:
        return SlipCode(_code(data), _text(data, "caption", MAX_TEXT))
    if "image" in data:
        try:
            return SlipImage(base64.b64decode(_text(data, "image", MAX_IMAGE), validate=True))
        except binascii.Error as error:
            raise ValueError(f"slip: image: {error}") from error
    large, bold = data.get("large") is True, data.get("bold") is True
    return SlipText(_text(data, "text", MAX_TEXT), large, bold)


def _code(data: Mapping[object, object]) -> str:
    code = _text(data, "code", MAX_CODE)
    if not 1 <= len(code.encode()) <= MAX_CODE:  # UnicodeEncodeError is a ValueError
        raise ValueError(f"slip: code: 1 to {MAX_CODE} bytes")
    return code


def _text(data: Mapping[object, object], name: str, most: int) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"slip: {name}: a text of at most {most} characters")
    return value
