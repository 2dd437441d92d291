"""A certificate authority in a folder: who may speak to the broker.

The folder holds `ca.pem`, its key `ca_key.pem`, the list of what is revoked `crl.pem`, every
certificate ever issued in `all_issued/`, and for each name a folder to copy whole to its device:
`ca.pem`, `certificate.pem`, `key.pem`. Names of devices have no `_`, so nothing collides.

Keys are EC P-256: what every TLS library speaks, mosquitto of Debian 12 included. A device's name
is the common name (mosquitto: use_identity_as_username).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from runtime.topics import check_name

AUTHORITY_DAYS = 365 * 20
EARLIER = timedelta(days=1)
"""A certificate begins so long before now: the clock of a new device may be behind."""
SIGNED_WITH = hashes.SHA256()


class Refused(Exception):
    """What was asked cannot be done; says why and what to do."""


@dataclass(frozen=True)
class Issued:
    """One certificate. `hosts`: of a server, empty for a device."""

    name: str
    serial: int
    until: datetime
    hosts: tuple[str, ...]
    revoked_at: datetime | None


class Authority:
    """The authority in `folder`. Raises Refused when there is none, or it cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._certificate = _certificate(folder / "ca.pem")
            key = serialization.load_pem_private_key((folder / "ca_key.pem").read_bytes(), None)
            self._crl = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes())
        except (OSError, ValueError) as error:
            raise Refused(
                f"{folder}: no authority can be read here ({error}); "
                "make one: wicket certificates init"
            ) from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    @classmethod
    def begin(cls, folder: Path, name: str, now: datetime) -> Authority:
        """A new one in `folder`, which is made. Raises Refused if one is there."""
        if (folder / "ca_key.pem").exists():
            raise Refused(f"{folder}: there is an authority already; a new one would lock all out")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "all_issued").mkdir(exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        itself = _name(name)
        until = now + timedelta(days=AUTHORITY_DAYS)
        certificate = (
            _builder(itself, itself, key, now, until)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .sign(key, SIGNED_WITH)
        )
        _write(folder / "ca.pem", _pem(certificate), 0o644)
        _write(folder / "crl.pem", _list_of_revoked([], certificate, key, now), 0o644)
        _write(folder / "ca_key.pem", _key_pem(key), 0o600)
        return cls(folder)

    def issue(self, name: str, hosts: Sequence[str], days: int, now: datetime) -> Path:
        """A new key and certificate for `name`: of a device, or with `hosts` (names and
        addresses) of a server. Returns the folder to copy. Raises Refused."""
        try:
            check_name(name)
        except ValueError as error:
            raise Refused(str(error)) from error
        until = min(now + timedelta(days=days), self._certificate.not_valid_after_utc)
        key = ec.generate_private_key(ec.SECP256R1())
        use = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _builder(_name(name), self._certificate.subject, key, now, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(_key_of(self._certificate), critical=False)
        )
        if hosts:
            named = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(named, critical=False)
        certificate = builder.sign(self._key, SIGNED_WITH)
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        _write(self.folder / "all_issued" / f"{certificate.serial_number:x}.pem", _pem(certificate))
        _write(folder / "ca.pem", _pem(self._certificate))
        _write(folder / "certificate.pem", _pem(certificate))
        _write(folder / "key.pem", _key_pem(key), 0o600)
        return folder

    def issued(self) -> list[Issued]:
        """Every certificate, by name and then by age."""
        files = (self.folder / "all_issued").glob("*.pem")
        return sorted(map(self._issued, files), key=lambda one: (one.name, one.until))

    def revoke(self, name: str, now: datetime) -> list[Issued]:
        """All certificates of `name`; returns those that were good until now. Raises Refused."""
        named = [one for one in self.issued() if one.name == name]
        good = [one for one in named if one.revoked_at is None]
        if not named:
            raise Refused(f"{name}: no certificate of that name was issued here; see list")
        if good:
            revoked = [*self._crl, *(_revoked(one.serial, now) for one in good)]
            content = _list_of_revoked(revoked, self._certificate, self._key, now)
            _write(self.folder / "crl.pem", content)
            self._crl = x509.load_pem_x509_crl(content)
        return good

    def _issued(self, file: Path) -> Issued:
        certificate = _certificate(file)
        revoked = self._crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        return Issued(
            name=_common_name(certificate),
            serial=certificate.serial_number,
            until=certificate.not_valid_after_utc,
            hosts=tuple(_hosts(certificate)),
            revoked_at=revoked.revocation_date_utc if revoked else None,
        )


def _certificate(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def _common_name(certificate: x509.Certificate) -> str:
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def _hosts(certificate: x509.Certificate) -> Iterator[str]:
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return
    for host in named.value:
        yield str(host.value)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise Refused(f"{host!r} is neither a host name nor an address") from error


def _builder(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_of(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    subject = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject.value)


def _revoked(serial: int, now: datetime) -> x509.RevokedCertificate:
    return x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()


def _list_of_revoked(
    revoked: Sequence[x509.RevokedCertificate],
    authority: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> bytes:
    """It is good as long as the authority: an outdated list would lock every device out."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now)
        .next_update(authority.not_valid_after_utc)
        .add_extension(_key_of(authority), critical=False)
    )
    for one in revoked:
        builder = builder.add_revoked_certificate(one)
    return builder.sign(key, SIGNED_WITH).public_bytes(serialization.Encoding.PEM)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, content: bytes, mode: int = 0o644) -> None:
    """The old or the new, whole, whatever happens; nobody else can read it even for a moment."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
