"""`wicket central import-venue`, as an operator uses it."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support.central import CONFIG, MUSEUM, Client
from support.program import ROOT
from support.workers import config_in

TEXT = (CONFIG / "venue.toml").read_text()
COMMAND = (sys.executable, "-m", "wicket", "central", "import-venue")


def run(*words: str | Path, stdin: int = subprocess.DEVNULL) -> tuple[int, str]:
    """(exit code, what it says)."""
    done = subprocess.run(
        (*COMMAND, *words),
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        stdin=stdin,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_in(tmp_path, f"sqlite:///{tmp_path / 'new' / 'central.sqlite'}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "venue.toml"
    file.write_text(TEXT)
    return file


def test_an_empty_machine_gets_its_venue(config: Path, file: Path, tmp_path: Path) -> None:
    code, said = run("--config", config, "--check", file)
    assert code == 1
    assert '+ attraction "museum" (Museum) is new, location' in said
    assert "+ product 1 (museum: Adult) is new, 12.00 EUR" in said
    assert not (tmp_path / "new").exists()

    code, said = run("--config", config, "--yes", file)
    assert (code, said.splitlines()[-1][:22]) == (0, "imported as revision 1")
    assert run("--config", config, "--check", file) == (0, "nothing changes for visitors\n")

    file.write_text(TEXT.replace('"12.00"', '"13.00"', 1))
    code, said = run("--config", config, "--check", file)
    assert (code, said) == (1, "~ product 1 (museum: Adult): price 12.00 → 13.00\n")
    code, said = run("--config", config, "--yes", file)
    assert (code, said.splitlines()[-1][:22]) == (0, "imported as revision 2")


def test_a_comment_is_imported_too(config: Path, file: Path) -> None:
    run("--config", config, "--yes", file)
    file.write_text(TEXT + "# as agreed with the board\n")
    assert run("--config", config, "--check", file) == (0, "nothing changes for visitors\n")
    code, said = run("--config", config, "--yes", file)
    assert (code, said.splitlines()[-1][:22]) == (0, "imported as revision 2")


def test_the_file_is_by_default_that_of_the_settings(config: Path) -> None:
    code, said = run("--config", config, "--yes")
    assert (code, said.splitlines()[-1][:22]) == (0, "imported as revision 1")
    config.write_text(
        "".join(line for line in config.read_text().splitlines(True) if "venue" not in line)
    )
    code, said = run("--config", config)
    assert (code, said) == (78, f"{config}: venue: missing; or say the FILE to import\n")


def test_every_mistake_is_told_with_file_and_key_and_nothing_is_made(
    config: Path, file: Path, tmp_path: Path
) -> None:
    file.write_text(TEXT.replace("capacity = 80", "capactiy = 80").replace('"28.00"', "28"))
    code, said = run("--config", config, "--yes", file)
    assert code == 78
    assert said.splitlines() == [
        f"{file}: attractions[0].products[2].price (museum, product 3): "
        'expected an amount in quotes like "12.50", got 28',
        f"{file}: attractions[2].capactiy (concert): no such key; did you mean 'capacity'?",
    ]
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_not_there_ends_with_78(config: Path, tmp_path: Path) -> None:
    code, said = run("--config", config, tmp_path / "none.toml")
    assert (code, said[: len(str(tmp_path))]) == (78, str(tmp_path))


@pytest.mark.parametrize(("answer", "code", "last"), [("y", 0, "imported"), ("n", 1, "nothing")])
def test_on_a_terminal_it_asks(config: Path, file: Path, answer: str, code: int, last: str) -> None:
    mine, its = pty.openpty()
    try:
        os.write(mine, f"{answer}\n".encode())
        told = run("--config", config, file, stdin=its)
    finally:
        os.close(mine)
        os.close(its)
    assert "Import this? [y/N]" in told[1]
    assert told[0] == code
    assert told[1].splitlines()[-1].split("]: ")[-1].startswith(last)


def test_without_a_terminal_nothing_is_imported_unasked(config: Path, file: Path) -> None:
    code, said = run("--config", config, file)
    assert (code, said.splitlines()[-1]) == (1, "nothing was imported; --yes imports unasked")


async def test_a_running_central_sells_by_what_the_command_imports(
    kiosk: Client, tmp_path: Path, database_url: str, file: Path
) -> None:
    config = config_in(tmp_path, database_url)
    file.write_text(TEXT.replace('"12.00"', '"13.00"', 1))
    code, said = await asyncio.to_thread(run, "--config", config, "--yes", file)
    assert (code, said.splitlines()[-1][:22]) == (0, "imported as revision 2")
    assert await kiosk.api.catch_up()
    assert (await kiosk.reserve(1, MUSEUM))["total"]["amount"] == "13.00"


async def test_what_is_refused_says_why(
    kiosk: Client, tmp_path: Path, database_url: str, file: Path
) -> None:
    await kiosk.sell(1, MUSEUM, 2)
    config = config_in(tmp_path, database_url)
    file.write_text(TEXT.replace('currency = "EUR"', 'currency = "CHF"'))
    code, said = await asyncio.to_thread(run, "--config", config, "--yes", file)
    assert code == 1
    assert said.splitlines()[-1].startswith("cannot be imported: currency: there are sales in EUR")
    assert not await kiosk.api.catch_up()
