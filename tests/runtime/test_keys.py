"""Signing keys in files: who may read them, whole or not at all, several of them."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admission.codes import SigningKey
from runtime.keys import CREDENTIALS, load_keys, signing, write_key
from runtime.settings import BadSettings

NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = SigningKey(1, bytes(range(32)), NOW)
NEXT = SigningKey(7, bytes(range(1, 33)), NOW + DAY, NOW + 90 * DAY)


def test_a_key_is_kept_as_it_was_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    write_key(tmp_path / "central.key", KEY)
    write_key(tmp_path / "central-7.key", NEXT)
    write_key(tmp_path / "kiosk-9.key", replace(KEY, id=9))
    assert load_keys(tmp_path, "central") == (KEY, NEXT)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o600}


def test_a_key_that_root_makes_belongs_to_the_daemon(tmp_path: Path) -> None:
    """Whoever the tests run as: a folder of somebody else only root can make."""
    somebody = 12345 if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path, somebody, -1)
    write_key(tmp_path / "central.key", KEY)
    assert (tmp_path / "central.key").stat().st_uid == somebody


def test_what_a_power_cut_left_of_a_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "central.key.draft").write_text("1 00")
    assert load_keys(tmp_path, "central") == ()
    write_key(tmp_path / "central.key", KEY)
    assert load_keys(tmp_path, "central") == (KEY,)


@pytest.mark.parametrize(
    "content",
    ["", "1 zz 2026-11-21T13:00:00+00:00", "1 aabb x", "ü", f"1 {'00' * 32}", f"70000 {'0' * 64}"],
)
def test_a_damaged_key_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "central.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(BadSettings, match=r"central\.key: no signing key"):
        load_keys(tmp_path, "central")
    assert file.read_text() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_may_read_is_refused_with_a_hint(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "central.key"
    write_key(file, KEY)
    file.chmod(mode)
    with pytest.raises(BadSettings, match=f"others may read it .*{mode:04o}.*: chmod 600"):
        load_keys(tmp_path, "central")


def test_keys_also_come_as_systemd_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose readers systemd looks after: it may give them by an access list, seen as a group's."""
    state, given = tmp_path / "state", tmp_path / "given"
    for folder in (state, given):
        folder.mkdir()
    write_key(state / "central-7.key", NEXT)
    write_key(given / "central.key", KEY)
    (given / "central.key").chmod(0o440)
    assert load_keys(state, "central") == (NEXT,)
    monkeypatch.setitem(os.environ, CREDENTIALS, str(given))
    assert load_keys(state, "central") == (KEY, NEXT)


def test_the_newest_key_that_has_begun_signs() -> None:
    assert signing([], NOW) is None
    assert signing([KEY, NEXT], NOW) == KEY
    assert signing([KEY, NEXT], NOW + DAY) == NEXT
    assert signing([NEXT], NOW) == NEXT
