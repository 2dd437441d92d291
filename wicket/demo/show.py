"""The demo as a whole: start everything, keep it running, show the page or play the script."""

from __future__ import annotations

import asyncio
import fcntl
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runtime import log
from runtime.service import run_daemon
from wicket.demo import broker, page, script
from wicket.demo.central import Central
from wicket.demo.phone import Phone
from wicket.demo.processes import Kept
from wicket.demo.stagehand import Stagehand
from wicket.demo.venue import Demo, lay_out

STAGED = ("gate", "kiosk", "desk")


@dataclass(frozen=True)
class Show:
    """A venue that is running: its processes, the stages of its devices, a look at central."""

    demo: Demo
    processes: dict[str, Kept]
    stages: dict[str, Stagehand]
    central: Central
    phone: Phone


@asynccontextmanager
async def running(
    state: Path,
    heard: Callable[[str, str, dict[str, Any]], None] = lambda daemon, device, state: None,
    changed: Callable[[], None] = lambda: None,
) -> AsyncIterator[Show]:
    """The whole venue, while the block runs. `heard(daemon, device, state)` is told what devices
    show, `changed` that a process has come or gone."""
    with _alone_in(state), tempfile.TemporaryDirectory(prefix="wicket-") as stages:
        demo = lay_out(state, Path(stages))

        def hear(daemon: str) -> Callable[[str, dict[str, Any]], None]:
            return lambda device, state: heard(daemon, device, state)

        show = Show(
            demo,
            {kept.name: kept for kept in _processes(demo, changed)},
            {name: Stagehand(demo.stage(name), hear(name)) for name in STAGED},
            Central(demo.central_url, demo.token),
            Phone(demo.phone_port),
        )
        async with show.central, show.phone.listening(), asyncio.TaskGroup() as group:
            processes = [group.create_task(kept.run()) for kept in show.processes.values()]
            hands = [group.create_task(hand.run()) for hand in show.stages.values()]
            try:
                yield show
            finally:
                for task in (*hands, *reversed(processes)):  # the broker goes last
                    task.cancel()
                    await asyncio.wait([task])


def present(state: Path, port: int) -> int:
    """Show the page until Ctrl-C."""
    log.set_up("demo")
    return _exit_code(page.show(lambda *told: running(state, *told), port))


def play(state: Path) -> int:
    """One sale and four scans, printed step by step; 0 when all went as it should."""
    log.set_up("demo")

    async def played() -> None:
        async with running(state) as show:
            await script.play(show)

    return _exit_code(played())


def _exit_code(main: Coroutine[Any, Any, None]) -> int:
    failed = False
    try:
        run_daemon(main)
    except* (script.WentWrong, OSError) as wrong:
        for error in wrong.exceptions:
            click.echo(f"the demo stopped: {error}", err=True)
        failed = True
    return int(failed)


def _processes(demo: Demo, changed: Callable[[], None]) -> Iterator[Kept]:
    logs = demo.state / "logs"
    conf = demo.state / "config" / "mosquitto.conf"
    yield Kept("broker", broker.command(demo.broker_port, conf), logs / "broker.log", changed)
    for daemon in ("central", "gate", "kiosk", "desk"):
        config = str(demo.config(daemon))
        command = [sys.executable, "-m", "wicket", daemon, "--config", config]
        yield Kept(daemon, command, logs / f"{daemon}.log", changed)


@contextmanager
def _alone_in(state: Path) -> Iterator[None]:
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(
                f"another demo runs in {state}; end it or name another --state"
            ) from error
        yield
