"""Signing keys: rotated without a gap, registered by kiosks, revoked from a moment on."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.central import NOW, TOUR, Client, Clock, central_in, settings_in
from support.keys import PUBLIC, SEED, heard, register, revoke
from support.listening import until

from admission.codes import SignedCode, SigningKey, genuine, read_code, sign_ticket
from admission.decide import decide
from admission.ledger import Ledger
from admission.reasons import Reason
from admission.request import AdmissionRequest, Denied
from central import device_keys, keys
from central.sale.states import By
from central.service import opened
from runtime.keys import load_keys, write_key
from runtime.settings import BadSettings
from wicket.__main__ import main

KIOSK = SigningKey(1, SEED, NOW)
OPERATOR = By("user anna", NOW)


async def rotate(kiosk: Client, folder: Path, hours: float) -> SigningKey:
    """As the command does, beside the running workers."""
    now = kiosk.clock()
    by = replace(OPERATOR, at=now)
    at = keys.from_now(now, hours)
    return await kiosk.api.database.write(
        lambda c: device_keys.rotate(c, folder, at, "once a year", by)
    )


def signed_by(code: str) -> int:
    read = read_code(code)
    assert isinstance(read, SignedCode)
    return read.key


def opens(ledger: Ledger, client: Client, code: str) -> Reason | None:
    zone = client.api.venue.zone
    read = read_code(code)
    assert isinstance(read, SignedCode)
    request = AdmissionRequest(code, frozenset({"tour"}), zone)
    answer = decide(ledger, request, read.ticket.window.start)
    return answer.reason if isinstance(answer, Denied) else None


async def test_a_rotation_leaves_no_gap(kiosk: Client, tmp_path: Path, clock: Clock) -> None:
    """The workers of one folder sign with the new key from its time on, and no gate that heard of
    it while it waited ever refuses a ticket of either."""
    before, [old] = await heard(kiosk), await kiosk.sell(4, TOUR)
    made = await rotate(kiosk, tmp_path, 0.2)
    told = await heard(kiosk)
    following = asyncio.create_task(
        keys.follow(kiosk.api.keys, kiosk.api.database, tmp_path, clock)
    )
    await until(lambda: len(kiosk.api.keys.own) == 2)
    following.cancel()
    [still] = await kiosk.sell(4, TOUR)
    assert (signed_by(old["code"]), signed_by(still["code"])) == (1, 1)
    clock.pass_(minutes=11, seconds=59)
    assert kiosk.api.key.id == 1
    clock.pass_(seconds=1)
    assert kiosk.api.key == made
    [new] = await kiosk.sell(4, TOUR)
    codes = [one["code"] for one in (old, still, new)]
    assert signed_by(new["code"]) == 2
    assert [opens(told, kiosk, code) for code in codes] == [None, None, None]
    # A gate that was away since before the rotation: until it catches up.
    assert [opens(before, kiosk, code) for code in codes] == [None, None, Reason.UNKNOWN_KEY]
    again = await heard(kiosk)
    assert [opens(again, kiosk, code) for code in codes] == [None, None, None]
    first = again.issuer(1)
    assert first is not None and first.valid_until == made.valid_from


async def test_new_key_files_are_their_owners_and_survive_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    async with central_in(tmp_path, clock) as kiosk:
        made = await rotate(kiosk, tmp_path, 1)
    clock.pass_(hours=2)
    async with opened(settings_in(tmp_path), clock) as api:
        assert api.key == made
        facts = await api.database.read(keys.told)
        assert list(facts) == [1, 2]
    files = sorted(tmp_path.glob("central*.key"))
    assert [file.name for file in files] == ["central-2.key", "central.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_workers_on_other_machines_have_keys_of_their_own(
    kiosk: Client, tmp_path: Path, database_url: str
) -> None:
    other = tmp_path / "other machine"
    async with opened(settings_in(other, database=database_url), kiosk.clock) as api:
        assert (api.key.id, kiosk.api.key.id) == (2, 1)
        [mine] = await kiosk.sell(4, TOUR)
        ledger = await heard(kiosk)
    assert ledger.issuer(2) == api.key.issuer
    assert opens(ledger, kiosk, mine["code"]) is None


async def test_a_key_file_of_another_feed_is_refused(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()):
        pass
    write_key(tmp_path / "central.key", KIOSK)
    with pytest.raises(BadSettings, match="key 1 is not the key 1 that was told"):
        async with opened(settings_in(tmp_path), Clock()):
            pass


async def test_a_kiosk_registers_its_key_once_and_the_gates_hear_of_it(kiosk: Client) -> None:
    made = await register(kiosk)
    assert made == {
        "id": 2,
        "device": "kiosk-1",
        "public": PUBLIC.hex(),
        "valid_from": "2026-11-21T13:05:00+00:00",
        "valid_until": "2027-02-19T13:05:00+00:00",
        "revoked_at": None,
    }
    assert await register(kiosk) == made
    issuer = (await heard(kiosk)).issuer(2)
    assert issuer is not None and (issuer.device, issuer.public) == ("kiosk-1", PUBLIC)
    listed = (await kiosk.get("/v1/keys"))["keys"]
    assert [(one["id"], one["device"]) for one in listed] == [(1, "central"), (2, "kiosk-1")]
    assert (await register(kiosk.as_("kiosk-2"), status=409))["code"] == "key_taken"


async def test_a_key_that_follows_another_begins_when_every_gate_has_heard_of_it(
    kiosk: Client, clock: Clock
) -> None:
    await register(kiosk)
    clock.pass_(days=60)
    second = await register(kiosk, bytes(32))
    assert second["valid_from"] == (clock.now + timedelta(hours=24)).isoformat()
    await register(kiosk, bytes([1]) * 32)
    assert (await register(kiosk, bytes([2]) * 32, 409))["code"] == "too_many_keys"
    clock.pass_(days=31)
    assert (await register(kiosk, bytes([2]) * 32))["id"] == 5


@pytest.mark.parametrize("public", ["", "00" * 31, "AA" * 32, "zz" * 32, 7, None])
async def test_a_senseless_key_is_refused(kiosk: Client, public: Any) -> None:
    assert (await kiosk.post("/v1/keys", {"public": public}, 400))["code"] == "invalid"


async def test_only_kiosks_have_keys(kiosk: Client) -> None:
    assert (await register(kiosk.as_("web-1"), status=409))["code"] == "no_kiosk"
    await register(kiosk.as_("gate-1"), status=403)


async def test_a_device_with_a_revoked_key_gets_none_ever_again(
    kiosk: Client, clock: Clock
) -> None:
    await register(kiosk)
    await register(kiosk, bytes(32))
    clock.pass_(hours=1)
    done = await revoke(kiosk, "kiosk-1", minutes=30)
    assert [key.id for key in done.keys] == [2, 3]
    assert (await register(kiosk, bytes([9]) * 32, 409))["code"] == "key_revoked"
    assert (await register(kiosk))["revoked_at"] == "2026-11-21T13:35:00+00:00"
    assert (await revoke(kiosk, "2", minutes=10)).code == "revoked_before"
    earlier = await revoke(kiosk, "2", minutes=50)
    assert earlier.keys[0].revoked_at == clock.now - timedelta(minutes=50)
    assert (await revoke(kiosk, "77")).code == "unknown_key"
    assert (await revoke(kiosk, "2", minutes=-1)).code == "not_yet"


async def test_when_the_last_key_is_revoked_a_new_one_signs_at_once(
    kiosk: Client, tmp_path: Path, clock: Clock
) -> None:
    """A code made up with the old one does not open; tickets that were told do."""
    [known] = await kiosk.sell(4, TOUR)
    stolen = load_keys(tmp_path, "central")[0]
    await revoke(kiosk, "1")
    following = asyncio.create_task(
        keys.follow(kiosk.api.keys, kiosk.api.database, tmp_path, clock)
    )
    await until(lambda: kiosk.api.key.id == 2)
    following.cancel()
    [new] = await kiosk.sell(4, TOUR)
    ledger = await heard(kiosk)
    read = read_code(known["code"])
    assert isinstance(read, SignedCode) and genuine(read, stolen.issuer)
    assert [opens(ledger, kiosk, one["code"]) for one in (known, new)] == [None, None]
    forged = SigningKey(1, stolen.seed, stolen.valid_from)
    made_up = sign_ticket(forged, replace(read.ticket, id=12345))
    assert opens(ledger, kiosk, made_up) is Reason.KEY_REVOKED


def test_the_commands_rotate_revoke_and_list(tmp_path: Path) -> None:
    state = tmp_path / "state"

    async def begin() -> None:
        async with central_in(state, Clock()) as kiosk:
            await register(kiosk)
            await kiosk.sell(4, TOUR, 3)

    state.mkdir()
    asyncio.run(begin())
    config = tmp_path / "central.toml"
    config.write_text(
        f'state = "{state}"\n[devices.kiosk-1]\ntoken = "{"x" * 20}"\nkind = "kiosk"\n'
    )

    def run(*words: str, exit_code: int = 0) -> str:
        done = CliRunner().invoke(main, ["central", *words, "--config", str(config)])
        assert done.exit_code == exit_code, done.output
        return done.output

    assert "key 3 signs from" in run("rotate-key", "--in-hours", "48", "--why", "yearly")
    assert "no key nobody" in run("revoke-key", "nobody", "--why", "stolen", exit_code=1)
    assert "no time like" in run(
        "revoke-key", "kiosk-1", "--from", "noon", "--why", "stolen", exit_code=1
    )
    assert "key 2 is revoked" in run("revoke-key", "kiosk-1", "--why", "stolen")
    lines = run("keys").splitlines()
    rows = [line.split() for line in lines if line.split()[0].isdigit() and "Z" in line]
    assert [(row[0], row[1]) for row in rows if row[1] in ("central", "kiosk-1")] == [
        ("1", "central"),
        ("2", "kiosk-1"),
        ("3", "central"),
    ]
    assert rows[0][-1] == "3"
    assert any("made (yearly)" in line for line in lines)
    assert any("(stolen)" in line for line in lines)
    (state / "central.key").chmod(0o644)
    assert "others may read it" in run("rotate-key", exit_code=78)
    assert "others may read it" in run(exit_code=78)
