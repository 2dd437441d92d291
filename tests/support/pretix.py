"""A pretix shop as far as its tickets go: written from the format's description, apart from the
reader in admission/pretix.py."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.samples import MUSEUM, TODAY, TOUR

from admission.foreign import ForeignItem, ForeignShop

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "pretix.json").read_text()
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["seed"]))
PUBLIC_KEY: str = VECTORS["public_key"]
"""As its API tells it."""
ITEM, CHILD, UNKNOWN = 12, 5, 77
"""Item 12 is our museum product, its variation 5 our tour."""
SHOP = ForeignShop(
    1,
    "Web shop",
    (KEY.public_key().public_bytes_raw(),),
    (ForeignItem(ITEM, MUSEUM.id), ForeignItem(ITEM, TOUR.id, CHILD)),
    TODAY,
)


def varint(number: int) -> bytes:
    if number < 128:
        return bytes([number])
    return bytes([128 | number % 128]) + varint(number // 128)


def payload(
    item: int,
    seed: str = "aB3dE5gH7",
    variation: int = 0,
    subevent: int = 0,
    times: tuple[int, int] = (0, 0),
) -> bytes:
    """As the shop writes it: numbers that are 0 are left out, but times never are."""
    told = b"\x0a" + varint(len(seed)) + seed.encode() + b"\x10" + varint(item)
    for field, number in ((0x18, variation), (0x20, subevent)):
        told += bytes([field]) + varint(number) if number else b""
    return told + b"\x28" + varint(times[0]) + b"\x30" + varint(times[1])


def framed(body: bytes, signature: bytes, version: int = 1) -> bytes:
    sizes = len(body).to_bytes(2) + len(signature).to_bytes(2)
    return bytes([version]) + sizes + body + signature


def spelled(raw: bytes) -> str:
    return base64.b64encode(raw).decode()[::-1]


def sign(body: bytes, key: Ed25519PrivateKey = KEY) -> str:
    return spelled(framed(body, key.sign(body)))
