"""The names of the card readers that pcscd has, through pyscard."""

from __future__ import annotations

from smartcard.pcsc.PCSCExceptions import BaseSCardException
from smartcard.System import readers


def names() -> list[str]:
    """Raises OSError if pcscd does not answer."""
    try:
        return [str(reader) for reader in readers()]
    except BaseSCardException as error:
        raise OSError(f"pcscd does not answer: {error}") from error
