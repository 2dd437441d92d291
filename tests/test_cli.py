"""The command line: what it says, how it ends, and what it leaves alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import ROOT, run_python

SAMPLES = ROOT / "config"
HEAVY = ("aiohttp", "aiomqtt", "paho", "pygame", "sqlalchemy", "alembic", "PIL", "gpiozero")
DAEMONS = ("central", "gate", "kiosk", "desk")


def wicket(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wicket", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )


def modules_after(script: str, *arguments: str) -> set[str]:
    """The top-level packages that are imported when the script has run."""
    tail = "\nimport sys\nprint(*{module.partition('.')[0] for module in sys.modules})"
    run = run_python(script + tail, *arguments)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split())


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """The shipped samples as they lie in /etc/wicket."""
    for file in SAMPLES.glob("*.toml"):
        shutil.copy(file, tmp_path)
    central = tmp_path / "central.toml"
    central.write_text(central.read_text().replace("/etc/wicket", str(tmp_path)))
    return tmp_path


def test_help_names_every_command() -> None:
    for word in ("--help", "-h"):
        run = wicket(word)
        assert run.returncode == 0
        for command in (*DAEMONS, "check-config", "demo", "devices", "doctor"):
            assert f"\n  {command} " in run.stdout


def test_help_imports_no_daemon_and_nothing_heavy() -> None:
    script = "from wicket.__main__ import main\nmain(['--help'], standalone_mode=False)"
    assert not modules_after(script) & {*DAEMONS, *HEAVY}


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_shipped_sample_is_good(samples: Path, daemon: str) -> None:
    run = wicket("check-config", daemon, samples / f"{daemon}.toml")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"{samples / f'{daemon}.toml'}: good\n"


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemons_settings_import_no_other_daemon(samples: Path, daemon: str) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom wicket.daemons import DAEMONS\n"
        "DAEMONS[sys.argv[1]].load(Path(sys.argv[2]))"
    )
    found = modules_after(script, daemon, str(samples / f"{daemon}.toml"))
    assert found & set(DAEMONS) == {daemon}


def test_a_gates_lanes_need_nothing_heavy(samples: Path) -> None:
    """Aiohttp and aiomqtt come later, when the lanes already serve."""
    config = samples / "gate.toml"
    text = config.read_text()
    config.write_text(text[: text.index("\n[[lanes]]")] + text[text.rindex("\n[[lanes]]") :])
    script = (
        "import sys\nfrom pathlib import Path\nfrom wicket import __main__\n"
        "from wicket.daemons import DAEMONS\n"
        "gate = DAEMONS['gate']\ngate.serve(gate.load(Path(sys.argv[1]))).close()"
    )
    assert not modules_after(script, str(config)) & {*HEAVY, "kiosk", "central"}


@pytest.mark.parametrize("daemon", DAEMONS)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_missing_configuration_ends_with_78_and_says_where_samples_are(
    tmp_path: Path, daemon: str, command: str
) -> None:
    file = tmp_path / "none.toml"
    run = (
        wicket("check-config", daemon, file)
        if command == "check"
        else wicket(daemon, "--config", file)
    )
    assert run.returncode == 78
    assert run.stderr == f"{file}: no such file; config/ has samples to start from\n"


@pytest.mark.parametrize("words", [["goat"], ["check-config", "goat", "x"], ["gate", "--conf"]])
def test_a_wrong_word_ends_with_2(words: list[str]) -> None:
    assert wicket(*words).returncode == 2
