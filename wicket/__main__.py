"""The command `wicket`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from runtime import log
from runtime.service import run_daemon
from runtime.settings import BadSettings
from wicket.daemons import DAEMONS

BAD_CONFIGURATION = 78
"""EX_CONFIG of sysexits(3); the units do not restart on it."""

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wicket")
def main() -> None:
    """Sell tickets at a kiosk, admit visitors at turnstiles, keep both in step.

    Start with `wicket demo`: a whole venue on this computer, with simulated devices.
    """


def _daemon_command(name: str, help_text: str) -> None:
    @main.command(name, help=help_text)
    @click.option(
        "--config",
        type=_FILE,
        default=Path(f"/etc/wicket/{name}.toml"),
        show_default=True,
        help=f"Settings; {name}.d/*.toml beside it is laid over.",
    )
    @click.option("--verbose", is_flag=True, help="Log every step.")
    def command(config: Path, *, verbose: bool) -> None:
        log.set_up(name, verbose=verbose)
        with _telling_what_is_wrong():
            run_daemon(DAEMONS[name].serve(DAEMONS[name].load(config)))


_daemon_command("central", "Run the server: catalogue, capacity, ticket requests, the feed.")
_daemon_command("gate", "Run the turnstiles of this machine.")
_daemon_command("kiosk", "Run the self-service screen of this machine.")


@main.command("check-config")
@click.argument("daemon", type=click.Choice(sorted(DAEMONS)))
@click.argument("config", type=_FILE)
def check_config(daemon: str, config: Path) -> None:
    """Say everything that is wrong with a configuration.

    Needs no hardware and no network. Exits with 78 if there is anything to mend.
    """
    with _telling_what_is_wrong():
        DAEMONS[daemon].load(config)
    click.echo(f"{config}: good")


@main.command()
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Folder for everything the demo keeps; delete it to begin anew.",
)
@click.option("--port", default=8800, show_default=True, help="Where the page is shown.")
@click.option("--script", is_flag=True, help="Play one sale and four scans without a browser.")
def demo(state: Path, port: int, *, script: bool) -> None:
    """A whole venue on this computer: kiosk, printer, two turnstiles, central.

    Opens one page to buy at, print, scan and walk. Ctrl-C ends it; what was sold is kept.
    """
    from wicket.demo.show import play, present

    sys.exit(play(state) if script else present(state, port))


@contextmanager
def _telling_what_is_wrong() -> Iterator[None]:
    try:
        yield
    except BadSettings as bad:
        for problem in bad.problems:
            click.echo(problem, err=True)
        sys.exit(BAD_CONFIGURATION)


if __name__ == "__main__":
    main(prog_name="wicket")
