"""`wicket doctor` as a whole: one line a finding, exit 1 if anything is wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.broker import free_port, mosquitto
from support.central import DEVICES, Clock, central_in
from support.examined import OK, WRONG, machine
from support.program import ROOT

from wicket.__main__ import main
from wicket.doctor import CHECKS, examine

KIOSK = """
state = "{state}"
central = {{ url = "{url}", token = "{token}" }}
mqtt = {{ port = {port} }}
printer = {{ driver = "escpos", target = "device", path = "/dev/usb/lp9", status = false }}
"""


def kiosk_toml(folder: Path, url: str, port: int, mode: int = 0o640) -> Path:
    file = folder / "kiosk.toml"
    token = DEVICES["kiosk-1"].token
    file.write_text(KIOSK.format(state=folder / "state", url=url, token=token, port=port))
    file.chmod(mode)
    return file


def doctor(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["doctor", *map(str, words)])


async def test_a_healthy_machine_is_ok_throughout(tmp_path: Path) -> None:
    machine(tmp_path)
    for path in ("dev/usb/lp9", "state/x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
        (tmp_path / path).chmod(0o666)
    (tmp_path / "state").chmod(0o777)
    async with mosquitto(tmp_path) as bus, central_in(tmp_path / "central", Clock()) as client:
        url = str(client.http.make_url("")).rstrip("/")
        config = kiosk_toml(tmp_path, url, bus.port)
        found = await asyncio.to_thread(list, examine("kiosk", config, tmp_path))
    mended = [(name, finding) for name, finding in found if name not in ("clock", "room", "flush")]
    assert {finding.level for _, finding in mended} == {OK}
    names = [name for name, _ in found]
    assert names[0] == "configuration"
    assert {"devices", "state", "clock", "broker", "central", "versions"} <= set(names)


def test_a_sick_machine_ends_with_1_and_every_line_says_what_to_do(tmp_path: Path) -> None:
    config = kiosk_toml(tmp_path, f"http://127.0.0.1:{free_port()}", free_port())
    run = doctor("kiosk", "--config", config)
    assert run.exit_code == 1
    lines = run.output.splitlines()
    for line in lines:
        level, name, _ = line.split(maxsplit=2)
        assert level in ("ok", "warning", "wrong")
        assert name in ("configuration", *CHECKS)
        assert (level == "ok") != (" -> " in line)
    for name in ("devices", "broker", "central"):
        assert any(line.split()[:2] == ["wrong", name] for line in lines)


def test_a_wrong_configuration_is_told_and_the_machine_is_still_looked_at(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text("idle_s = 0\nlanguage = 'en'\n")
    run = doctor("kiosk", "--config", config)
    assert run.exit_code == 1
    assert "wrong    configuration" in run.output
    assert "did you mean 'languages'?" in run.output
    assert "versions" in run.output
    assert "broker" not in run.output


def test_a_configuration_that_everybody_may_read_is_a_warning(tmp_path: Path) -> None:
    config = kiosk_toml(tmp_path, "http://127.0.0.1:9", 9, mode=0o644)
    assert "warning  configuration" in doctor("kiosk", "--config", config).output


def test_without_a_daemon_only_the_machine_is_looked_at() -> None:
    run = doctor()
    assert run.exit_code == 0
    assert {line.split()[1] for line in run.output.splitlines()} >= {"clock", "versions"}
    assert "broker" not in run.output


def test_a_configuration_without_a_daemon_is_a_question() -> None:
    assert doctor("--config", "x.toml").exit_code == 2


@pytest.mark.parametrize("daemon", ["gate", "kiosk", "desk", "central"])
def test_a_missing_configuration_is_wrong(tmp_path: Path, daemon: str) -> None:
    (_, first), *rest = examine(daemon, tmp_path / "none.toml")
    assert first.level is WRONG
    assert [name for name, _ in rest if name == "versions"]


def test_the_doctor_is_a_command_of_the_program(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "wicket", "doctor", "kiosk", "--config", tmp_path / "none.toml"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (1, "")
    assert "no such file" in run.stdout


async def test_a_desk_is_let_in_and_asks_for_no_broker(tmp_path: Path) -> None:
    async with central_in(tmp_path / "central", Clock()) as client:
        url, token = client.http.make_url(""), DEVICES["desk-1"].token
        config = tmp_path / "desk.toml"
        config.write_text(
            f'state = "{tmp_path}"\nreaders = [{{ driver = "sim" }}]\n'
            f'central = {{ url = "{str(url).rstrip("/")}", token = "{token}" }}\n'
        )
        found = await asyncio.to_thread(lambda: list(examine("desk", config)))
    assert {one.level for name, one in found if name == "central"} == {OK}
    assert "broker" not in [name for name, _ in found]
