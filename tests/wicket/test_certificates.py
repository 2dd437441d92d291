"""`wicket certificates`, and what check-config and doctor say of a device's own."""

from __future__ import annotations

import asyncio
import stat
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.access import Broker, authority, now, running_broker
from support.broker import free_port
from support.examined import OK, WARNING, WRONG, machine, said

from runtime.mqtt import BusSettings
from runtime.service import utc_now
from runtime.tls import TlsSettings, client_context
from wicket import own_certificate
from wicket.__main__ import main
from wicket.authority import Authority
from wicket.doctor.network import broker as check_broker


def certificates(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["certificates", *map(str, words)])


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    assert certificates("init", tmp_path / "ca").exit_code == 0
    return tmp_path / "ca"


def tls_of(folder: Path, key: Path | None = None) -> TlsSettings:
    return TlsSettings(folder / "ca.pem", folder / "certificate.pem", key or folder / "key.pem")


def test_keys_are_for_their_owner_only(ca: Path) -> None:
    certificates("issue", "gate-1", ca)
    for key in (ca / "ca_key.pem", ca / "gate-1" / "key.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(ca.stat().st_mode) == 0o700


def test_a_folder_for_a_device_has_the_three_files_of_its_settings(ca: Path) -> None:
    done = certificates("issue", "gate-1", ca)
    assert done.output == f"{ca / 'gate-1'}: copy it to gate-1\n"
    assert {file.name for file in (ca / "gate-1").iterdir()} == {
        f"{key}.pem" for key in TlsSettings.__dataclass_fields__
    }
    client_context(tls_of(ca / "gate-1"))


def test_openssl_agrees(ca: Path) -> None:
    for words in (["broker", ca, "--host", "192.0.2.1", "--host", "broker.test"], ["gate-1", ca]):
        assert certificates("issue", *words).exit_code == 0
    certificates("issue", "gate-2", ca)
    certificates("revoke", "gate-2", ca)

    def verified(name: str, *words: str) -> str:
        trust = ["-crl_check", "-x509_strict", "-CRLfile", ca / "crl.pem", "-CAfile", ca / "ca.pem"]
        file = ca / name / "certificate.pem"
        run = subprocess.run(
            ["openssl", "verify", *trust, *words, file], capture_output=True, text=True, check=False
        )
        return "OK" if run.returncode == 0 else run.stderr

    assert verified("broker", "-purpose", "sslserver", "-verify_ip", "192.0.2.1") == "OK"
    assert verified("broker", "-purpose", "sslserver", "-verify_hostname", "broker.test") == "OK"
    assert "mismatch" in verified("broker", "-verify_ip", "192.0.2.2")
    assert verified("gate-1", "-purpose", "sslclient") == "OK"
    assert "purpose" in verified("gate-1", "-purpose", "sslserver")
    assert "revoked" in verified("gate-2", "-purpose", "sslclient")


def test_the_list_tells_what_was_issued_and_revoked(ca: Path) -> None:
    for _ in range(2):
        certificates("issue", "gate-1", ca)
    certificates("issue", "broker", ca, "--host", "192.0.2.1", "--days", "30")
    revoked = certificates("revoke", "gate-1", ca).output
    certificates("issue", "gate-1", ca)
    lines = [line.split() for line in certificates("list", ca).output.splitlines()]
    assert [line[0] for line in lines] == ["broker", "gate-1", "gate-1", "gate-1"]
    assert lines[0][3:] == [f"{now() + timedelta(days=30):%Y-%m-%d}", "good", "192.0.2.1"]
    states = {serial: state for _, serial, _, _, state, *_ in lines[1:]}
    assert sorted(states.values()) == ["good", "revoked", "revoked"]
    assert {f"revoked {serial}" for serial in states if states[serial] == "revoked"} == set(
        revoked.splitlines()[:-1]
    )


def test_a_revocation_is_not_forgotten_by_the_next(ca: Path) -> None:
    for name in ("gate-1", "gate-2"):
        certificates("issue", name, ca)
        certificates("revoke", name, ca)
    assert all(one.revoked_at for one in Authority(ca).issued())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["init", "CA"], "there is an authority already"),
        (["issue", "Gate_1", "CA"], "cannot name a site or a device"),
        (["issue", "../gate", "CA"], "cannot name a site or a device"),
        (["issue", "broker", "CA", "--host", "bröker"], "neither a host name nor an address"),
        (["issue", "gate-1", "EMPTY"], "no authority can be read here"),
        (["revoke", "gate-9", "CA"], "no certificate of that name"),
        (["list", "EMPTY"], "no authority can be read here"),
    ],
)
def test_what_cannot_be_done_is_told(ca: Path, tmp_path: Path, words: list[str], why: str) -> None:
    places = {"CA": str(ca), "EMPTY": str(tmp_path)}
    done = certificates(*(places.get(word, word) for word in words))
    assert done.exit_code == 1
    assert why in done.output


def test_no_certificate_outlives_its_authority(ca: Path) -> None:
    certificates("issue", "gate-1", ca, "--days", str(365 * 20))
    (issued,) = Authority(ca).issued()
    assert issued.until <= now() + timedelta(days=365 * 20)


def problems(tls: TlsSettings, device: str = "gate-1") -> list[str]:
    it = machine(tls.ca.parent, mqtt=BusSettings(tls=tls), device=device)
    return own_certificate.problems(it.settings, utc_now())


def test_what_is_wrong_with_files_is_named_with_key_and_file(tmp_path: Path) -> None:
    made = authority(tmp_path / "ca", "gate-1", "gate-2")
    one, two = (made.folder / name for name in ("gate-1", "gate-2"))
    assert problems(tls_of(one)) == []
    (other,) = problems(tls_of(two))
    assert "it is gate-2's, and we are gate-1" in other
    (mixed,) = problems(tls_of(one, two / "key.pem"))
    assert mixed.startswith("mqtt.tls.key: it is not the key of that certificate")
    missing = TlsSettings(tmp_path / "a", tmp_path / "b", one / "key.pem")
    assert problems(missing) == [
        f"mqtt.tls.{key}: {tmp_path / name} cannot be read: No such file or directory"
        for key, name in (("ca", "a"), ("certificate", "b"))
    ]
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\xff" * 100)
    for unreadable in (tls_of(one, garbage), replace(tls_of(one), ca=garbage)):
        (problem,) = problems(unreadable)
        assert "PEM" in problem
    made.issue("gate-1", [], 1, now() - timedelta(days=3))
    (expired,) = problems(tls_of(one))
    assert "only" in expired


def test_check_config_names_file_and_key(tmp_path: Path) -> None:
    config = tmp_path / "central.toml"
    config.write_text(
        f'state = "{tmp_path}"\nvenue = "{tmp_path}/venue.toml"\n'
        "[devices]\n"
        f'[mqtt.tls]\nca = "{tmp_path}/a"\ncertificate = "b"\nkey = "c"\n'
    )
    done = CliRunner().invoke(main, ["check-config", "central", str(config)])
    assert done.exit_code == 78
    assert f"{config}: mqtt.tls.ca: {tmp_path}/a cannot be read" in done.output


async def test_the_doctor_tries_the_certificate_and_disturbs_nobody(tmp_path: Path) -> None:
    made = authority(tmp_path / "ca", "gate-1")
    async with running_broker(Broker(tmp_path / "etc", made)) as broker:
        it = machine(tmp_path, mqtt=broker.of("gate-1"))
        tried, ends = await asyncio.to_thread(said, check_broker, it)
        assert tried[0] is OK
        assert ends == (WARNING, "our certificate for the broker ends in 29 days")
        made.revoke("gate-1", now())
        broker.take_crl()
        await broker.restart()
        (refused, _) = await asyncio.to_thread(said, check_broker, it)
        assert refused[0] is WRONG
        assert "revoked" in refused[1]


def test_the_doctor_names_a_certificate_that_is_another_devices(tmp_path: Path) -> None:
    made = authority(tmp_path / "ca", "gate-2")
    settings = BusSettings(port=free_port(), tls=tls_of(made.folder / "gate-2"))
    ((level, what),) = said(check_broker, machine(tmp_path, mqtt=settings))
    assert level is WRONG
    assert "it is gate-2's" in what
