"""The certificate by which a daemon of this machine goes to the broker: is it any good?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from runtime.service import utc_now
from runtime.settings import BadSettings
from runtime.tls import TlsSettings, client_context


def check(config: Path, settings: Any) -> None:
    """Raises BadSettings."""
    if found := problems(settings, utc_now()):
        raise BadSettings([f"{config}: {problem}" for problem in found])


def problems(settings: Any, now: datetime) -> list[str]:
    """What is wrong with [mqtt.tls] of a daemon's settings; nothing if it has none, or needs no
    broker, as a desk. Reads files."""
    tls: TlsSettings | None = settings.mqtt.tls if hasattr(settings, "mqtt") else None
    if tls is None:
        return []
    try:
        client_context(tls)
    except ValueError as error:
        return [f"mqtt.tls.{line}" for line in str(error).splitlines()]
    name, start, end = _read(tls)
    ours = getattr(settings, "device", "central")
    found = []
    if name != ours:
        found.append(f"it is {name}'s, and we are {ours}")
    if not start <= now < end:
        found.append(f"it is good from {start:%Y-%m-%d} to {end:%Y-%m-%d} only")
    return [f"mqtt.tls.certificate: {tls.certificate}: {what}" for what in found]


def time_left(tls: TlsSettings, now: datetime) -> timedelta:
    """Until the certificate ends. Raises ValueError or OSError when it cannot be read."""
    return _read(tls)[2] - now


def _read(tls: TlsSettings) -> tuple[str, datetime, datetime]:
    """Name, start and end."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    certificate = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else "nobody"
    return name, certificate.not_valid_before_utc, certificate.not_valid_after_utc
