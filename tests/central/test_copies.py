"""`wicket central migrate`, `backup` and `restore`, as an operator uses them, on both databases."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.central import CONFIG, TOUR, Client, Clock, central_in
from support.program import ROOT
from support.workers import config_in

from central.store.duty import duty_of
from central.store.engine import make_engine


def central(*words: str | Path) -> tuple[int, str]:
    """(exit code, what it says)."""
    command = [sys.executable, "-m", "wicket", "central", *words]
    run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, run.stdout + run.stderr


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Path:
    return config_in(tmp_path, database_url)


async def left(config: Path, url: str, epoch: int = 0) -> int | None:
    """Places left, when central runs again; the feed's epoch is not the one told."""
    async with central_in(config.parent, Clock(), database=url) as kiosk:
        assert (await kiosk.get("/v1/device"))["epoch"] != epoch
        return await kiosk.left(TOUR)


async def test_what_was_copied_while_central_runs_comes_back(
    kiosk: Client, config: Path, tmp_path: Path, database_url: str
) -> None:
    copy = tmp_path / "copy"
    await kiosk.sell(4, TOUR, 2)
    code, said = await asyncio.to_thread(central, "backup", "--config", config, copy)
    assert (code, said) == (0, f"{copy}: {copy.stat().st_size} bytes\n")
    epoch = (await kiosk.get("/v1/device"))["epoch"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not copy.with_name("copy.part").exists()

    await kiosk.sell(4, TOUR, 3)
    assert await kiosk.left(TOUR) == 7
    refused = await asyncio.to_thread(central, "restore", "--config", config, copy)
    assert refused[0] == 1
    assert "is not empty, it has 2 ticket requests; with --force" in refused[1]

    code, said = await asyncio.to_thread(central, "restore", "--config", config, "--force", copy)
    assert (code, said) == (0, f"the database is as in {copy}; start central\n")
    assert await left(config, database_url, epoch) == 10


async def test_nothing_is_restored_while_central_runs(
    kiosk: Client, config: Path, tmp_path: Path, database_url: str
) -> None:
    copy = tmp_path / "copy"
    await asyncio.to_thread(central, "backup", "--config", config, copy)
    with closing(duty_of(make_engine(database_url))) as duty:
        assert duty.take()
        code, said = await asyncio.to_thread(
            central, "restore", "--config", config, "--force", copy
        )
    assert (code, said) == (1, "central is running; stop all its workers first\n")


async def test_a_damaged_copy_is_refused_and_changes_nothing(
    kiosk: Client, config: Path, tmp_path: Path, database_url: str
) -> None:
    copy = tmp_path / "copy"
    await kiosk.sell(4, TOUR, 2)
    await asyncio.to_thread(central, "backup", "--config", config, copy)
    whole = copy.read_bytes()
    for bad in (b"", b"nonsense", whole[: len(whole) // 2], whole[:200]):
        copy.write_bytes(bad)
        code, said = await asyncio.to_thread(
            central, "restore", "--config", config, "--force", copy
        )
        assert code == 1
        assert said.strip()
    code, said = await asyncio.to_thread(central, "restore", "--config", config, tmp_path / "no")
    assert (code, said) == (1, f"{tmp_path / 'no'}: no such file\n")
    assert await left(config, database_url) == 10


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_copy_of_a_newer_wicket_is_refused(
    kiosk: Client, config: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    await asyncio.to_thread(central, "backup", "--config", config, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    code, said = await asyncio.to_thread(central, "restore", "--config", config, "--force", copy)
    assert code == 78
    assert f"{copy}: revision 9999 is unknown here" in said


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_database_is_no_copy_of_itself(kiosk: Client, config: Path) -> None:
    database = config.parent / "central.sqlite"
    for command in ("backup", "restore"):
        words = [command, "--config", config, database]
        code, said = await asyncio.to_thread(central, *words, *["--force"][: command == "restore"])
        assert (code, said) == (1, f"{database} is the database itself; name another file\n")
    assert await kiosk.left(TOUR) == 12


def test_migrate_tells_what_it_did(config: Path, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        code, said = central("migrate", "--check", "--config", config)
        assert code == 1
        assert said.startswith("the database is at revision (empty), behind ")
        assert not (config.parent / "central.sqlite").exists()
        assert central("migrate", "--config", config)[0] == 0
    code, said = central("migrate", "--check", "--config", config)
    assert code == 0
    assert said.endswith(", the newest\n")


def test_a_database_that_cannot_be_reached_is_said_without_its_password(tmp_path: Path) -> None:
    config = config_in(tmp_path, "postgresql://wicket:s3cret@127.0.0.1:1/wicket")
    for words in (["migrate"], ["backup", tmp_path / "copy"]):
        code, said = central(*words, "--config", config)
        assert code == 1
        assert "127.0.0.1" in said
        assert "s3cret" not in said
    assert not (tmp_path / "copy").exists()


def test_without_postgresqls_programs_it_says_what_to_install(tmp_path: Path) -> None:
    config = config_in(tmp_path, "postgresql://wicket@127.0.0.1:1/wicket")
    command = [
        sys.executable,
        "-m",
        "wicket",
        "central",
        "backup",
        "--config",
        config,
        tmp_path / "copy",
    ]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True,
        cwd=ROOT, env=os.environ | {"PATH": str(CONFIG)},
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (
        1,
        "pg_dump is missing; install Debian's postgresql-client\n",
    )
