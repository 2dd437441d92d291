"""Ed25519 signatures (RFC 8032)."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """True if the private half of the key `public` (32 bytes) signed the message."""
    try:
        _public_key(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public_key_of(pem: bytes) -> bytes:
    """The 32 bytes of an Ed25519 key in PEM. Raises ValueError."""
    try:
        key = load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a key of another kind")
    return key.public_bytes_raw()


@lru_cache(maxsize=64)
def _public_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)
