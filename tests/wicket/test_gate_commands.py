"""`wicket gate test` and `wicket gate safe`, run as programs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.gate import lanes_in
from support.program import ROOT
from support.samples import BERLIN, KEY, ticket

from admission.codes import human_code, sign_ticket

TICKET = ticket()
HUMAN = human_code(TICKET.id)
CONFIG = f"""
device = "gate-1"
site = "sample"
timezone = "{BERLIN}"
state = "STATE"
central = {{ url = "http://127.0.0.1:9", token = "gate-1-gate-1-gate-1" }}
[[lanes]]
name = "North"
attractions = ["museum"]
entry = {{ readers = [{{ driver = "sim" }}], schedule = [{{ at = "00:00", mode = "controlled" }},
                                                        {{ at = "22:00", mode = "closed" }}] }}
[lanes.turnstile]
driver = "tripod"
latch_in = {{ driver = "sim" }}
sensor = {{ driver = "sim" }}
"""


def wicket(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wicket", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gate.toml"
    file.write_text(CONFIG.replace("STATE", str(tmp_path)))
    return file


@pytest_asyncio.fixture
async def at_work(config: Path) -> AsyncIterator[Path]:
    """The configuration of a gate that is running, and has refused one visitor."""
    async with lanes_in(config.parent, tickets=[TICKET]) as rig:
        await rig.idle()
        rig.scan("rubbish")
        await rig.shows("not a ticket")
        await rig.told(1)
        yield config


def ask(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return wicket("gate", "test", "--config", config, *words)


async def test_a_ticket_is_explained_beside_the_running_gate(at_work: Path) -> None:
    run = ask(at_work, HUMAN, "--at", "2026-11-21 14:05")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        f"North, in, 2026-11-21 14:05: {HUMAN}",
        "  ok       genuine",
        "  ok       valid",
        "  ok       lane open",
        "  ok       list fresh",
        "  ok       attraction",
        "  ok       arrival window",
        "  ok       entries left",
        "  ok       anti-passback",
        "  ok       in touch",
        "  granted  room in the zone: 1 person may enter",
        "granted: 1 person may enter",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((sign_ticket(KEY, TICKET), "--at", "2026-11-21 08:59"), "refused: opens at 09:00"),
        ((HUMAN, "--at", "2026-11-21 18:00"), "refused: closed at 18:00"),
        ((HUMAN, "--at", "2026-11-21 22:00"), "refused: this lane is closed"),
        (("rubbish",), "refused: not a ticket of this venue"),
    ],
)
async def test_a_refusal_ends_with_1(at_work: Path, words: tuple[str, ...], said: str) -> None:
    run = ask(at_work, *words)
    assert run.returncode == 1
    assert said in run.stdout.splitlines()


async def test_the_way_out_has_rules_of_its_own(at_work: Path) -> None:
    run = ask(at_work, HUMAN, "--out", "--lane", "North")
    assert run.stdout.splitlines()[1:3] == [
        "  ok       genuine",
        "  refused  lane open: this lane is closed",
    ]


async def test_the_last_refusals_are_listed(at_work: Path) -> None:
    run = ask(at_work, "--list")
    assert run.returncode == 0
    assert run.stdout.endswith("North, in: unreadable 'rubbish'\n")


async def test_a_gate_that_does_not_run_is_asked_too(config: Path) -> None:
    async with lanes_in(config.parent, tickets=[TICKET]) as rig:
        await rig.idle()
    run = ask(config, HUMAN, "--at", "2026-11-21 14:05")
    assert run.returncode == 0, run.stdout + run.stderr


async def test_a_time_that_cannot_be_read_ends_with_2(at_work: Path) -> None:
    run = ask(at_work, HUMAN, "--at", "noon")
    assert (run.returncode, run.stdout) == (2, "'noon' is no time like 14:05 or 2026-11-22 14:05\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((HUMAN,), "no such file; was its daemon ever started?"),
        ((HUMAN, "--lane", "South"), "there is no lane 'South'; there are North"),
        ((), "say either a CODE or --list"),
        ((HUMAN, "--list"), "say either a CODE or --list"),
    ],
)
def test_what_cannot_be_told_ends_with_2(config: Path, words: tuple[str, ...], said: str) -> None:
    run = ask(config, *words)
    assert run.returncode == 2
    assert said in run.stdout + run.stderr


def test_the_configuration_may_stand_before_the_command(config: Path) -> None:
    run = wicket("gate", "--config", config, "safe")
    assert (run.returncode, run.stdout) == (0, "1 of 1 lines are off\n")


def test_safe_switches_every_line_and_names_those_that_it_cannot(config: Path) -> None:
    text = config.read_text().replace(
        'latch_in = { driver = "sim" }',
        'latch_in = { driver = "gpiozero", pin = 17, factory = "mock" }\n'
        'latch_out = { driver = "gpiozero", pin = 27 }\ndrop_arm = { driver = "sim" }',
    )
    config.write_text(text)
    began = time.monotonic()
    run = wicket("gate", "safe", "--config", config)
    assert time.monotonic() - began < 10
    assert run.returncode == 1
    assert run.stdout == "2 of 3 lines are off\n"
    assert run.stderr.startswith("North.turnstile.latch_out: GPIO 27 cannot be used")


def test_safe_with_a_wrong_configuration_ends_with_78(config: Path) -> None:
    config.write_text("device = 5")
    run = wicket("gate", "safe", "--config", config)
    assert run.returncode == 78
    assert "device" in run.stderr
