"""Who we are to a server that wants a certificate, and whom we take it for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class TlsSettings:
    """PEM files, as `wicket certificates issue` makes them: who signs the server's certificate,
    our own certificate, and its key."""

    ca: Path
    certificate: Path
    key: Path


def client_context(tls: TlsSettings) -> ssl.SSLContext:
    """TLS 1.3, the server's name checked. Reads the files anew: renewed ones hold at once.

    Raises ValueError, a line for each problem, naming key and file.
    """
    import ssl  # noqa: PLC0415 - a gate without it starts sooner

    if problems := list(_unreadable(tls)):
        raise ValueError("\n".join(problems))
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except ssl.SSLError as error:
        raise ValueError(f"ca: {tls.ca} is no certificate in PEM form") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f"{_at_fault(error)} ({tls.certificate}, {tls.key})") from error
    return context


def _unreadable(tls: TlsSettings) -> Iterator[str]:
    for key, file in (("ca", tls.ca), ("certificate", tls.certificate), ("key", tls.key)):
        try:
            file.read_bytes()
        except OSError as error:
            yield f"{key}: {file} cannot be read: {error.strerror}"


def _at_fault(error: Exception) -> str:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return "key: it is not the key of that certificate"
    return "certificate, key: not a certificate and its key in PEM form, without a password"


def _no_password() -> str:
    """Without this a key with a password would ask for it on the terminal."""
    raise ValueError("the key has a password")
