"""The command `wicket`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, cast

import click

from runtime import log
from runtime.service import run_daemon
from wicket import own_certificate
from wicket.certificates import certificates
from wicket.daemons import DAEMONS
from wicket.foreign_commands import import_list, import_revoked
from wicket.key_commands import list_keys, revoke_key, rotate_key
from wicket.options import CONFIG, FILE, telling_what_is_wrong
from wicket.staff_commands import add_staff, change_staff
from wicket.watch_commands import list_devices


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wicket")
def main() -> None:
    """Sell tickets at a kiosk, admit visitors at turnstiles, keep both in step.

    Start with `wicket demo`: a whole venue on this computer, with simulated devices.
    """


def _default_config(daemon: str) -> Path:
    return Path(f"/etc/wicket/{daemon}.toml")


def _daemon_command(
    name: str, help_text: str, kind: type[click.Command] = click.Command, **more: Any
) -> click.Command:
    @main.command(name, kind, help=help_text, **more)
    @click.option(
        "--config",
        type=FILE,
        default=_default_config(name),
        show_default=True,
        help=f"Settings; {name}.d/*.toml beside it is laid over.",
    )
    @click.option("--verbose", is_flag=True, help="Log every step.")
    @click.pass_context
    def command(context: click.Context, config: Path, *, verbose: bool) -> None:
        if context.invoked_subcommand is not None:
            return
        log.set_up(name, verbose=verbose)
        with telling_what_is_wrong():
            run_daemon(DAEMONS[name].serve(DAEMONS[name].load(config)))

    return command


central = cast(
    click.Group,
    _daemon_command(
        "central",
        "Run the server: catalogue, capacity, ticket requests, the feed.",
        click.Group,
        invoke_without_command=True,
    ),
)
gate = cast(
    click.Group,
    _daemon_command(
        "gate", "Run the turnstiles of this machine.", click.Group, invoke_without_command=True
    ),
)
_daemon_command("kiosk", "Run the self-service screen of this machine.")
_daemon_command("desk", "Run the scanners, NFC readers and printer of a counter.")


@main.command("check-config")
@click.argument("daemon", type=click.Choice(sorted(DAEMONS)))
@click.argument("config", type=FILE)
def check_config(daemon: str, config: Path) -> None:
    """Say everything that is wrong with a configuration.

    Needs no hardware and no network. Exits with 78 if there is anything to mend.
    """
    with telling_what_is_wrong():
        own_certificate.check(config, DAEMONS[daemon].load(config))
    click.echo(f"{config}: good")


for each in (
    *(rotate_key, revoke_key, list_keys, import_list, import_revoked, list_devices),
    *(add_staff, change_staff),
):
    central.add_command(each)


@central.command()
@CONFIG
@click.option("--check", is_flag=True, help="Only tell; exits with 1 if there is something to do.")
def migrate(config: Path, *, check: bool) -> None:
    """Bring the database to this version's schema, as central itself does at its start.

    With several workers, stop all of them first, and start them after it.
    """
    from wicket.central_store import migrate

    with telling_what_is_wrong():
        said = migrate(config, check=check)
    click.echo(said.text)
    sys.exit(said.exit_code)


@central.command()
@CONFIG
@click.argument("file", type=FILE)
def backup(config: Path, file: Path) -> None:
    """Copy the database to FILE while central runs; of PostgreSQL by pg_dump.

    FILE is whole and on the disk when this ends with 0. Keep central.key and the settings too.
    """
    from wicket.central_store import backup

    with telling_what_is_wrong():
        said = backup(config, file)
    click.echo(said.text)
    sys.exit(said.exit_code)


@central.command()
@CONFIG
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace what is in the database.")
def restore(config: Path, file: Path, *, force: bool) -> None:
    """Put a copy made by `backup` back. Stop every worker of central before.

    The copy is checked before anything is changed.
    """
    from wicket.central_store import restore

    with telling_what_is_wrong():
        said = restore(config, file, force=force)
    click.echo(said.text)
    sys.exit(said.exit_code)


@central.command("import-venue")
@CONFIG
@click.argument("file", type=FILE, required=False)
@click.option("--check", is_flag=True, help="Only tell; exits with 1 if there is something to do.")
@click.option("--yes", is_flag=True, help="Import without asking.")
def import_venue(config: Path, file: Path | None, *, check: bool, yes: bool) -> None:
    """Set the venue up, or change it, from FILE: what there is to see, when, and what it costs.

    FILE is by default `venue` of the settings; config/venue.toml is a sample that explains itself.
    It is read and checked as a whole first. Then this tells what would change, by these signs:

    \b
    +  new           ~  changed
    -  gone          !  sold already, and staff must find a way for it

    and asks before it changes anything. Tickets stay as they were sold. Central may run; it sells
    by the new venue within a second or two, without a restart.

    \b
    wicket central import-venue --check     what is wrong with the file, what would change?
    wicket central import-venue             the same, then ask, then change it

    Exits with 78 if the file is wrong, with 1 if it was not imported.
    """
    from wicket.central_venue import import_venue

    def agreed() -> bool:
        return yes or (sys.stdin.isatty() and click.confirm("Import this?"))

    with telling_what_is_wrong():
        exit_code = import_venue(config, file, click.echo, agreed, check=check)
    sys.exit(exit_code)


@gate.command("test")
@CONFIG
@click.argument("code", required=False)
@click.option("--lane", help="Its name; by default the first.")
@click.option("--out", is_flag=True, help="On the way out.")
@click.option("--at", default="", help='"14:05" or "2026-11-22 14:05"; by default now.')
@click.option("--list", "list_", is_flag=True, help="Show the last refusals.")
def gate_test(
    config: Path, code: str | None, lane: str | None, at: str, *, out: bool, list_: bool
) -> None:
    """Would this ticket enter? Says so rule by rule, and uses nothing.

    Safe beside the running daemon. Exits with 0 if it would, 1 if not, 2 if that cannot be told.
    """
    from admission.values import Direction
    from wicket.gate_test import Asked, last_refusals, would_enter

    if list_ is (code is not None):
        raise click.UsageError("say either a CODE or --list")
    asked = Asked(code or "", lane, Direction.OUT if out else Direction.IN, at)
    with telling_what_is_wrong():
        said = asyncio.run(last_refusals(config) if list_ else would_enter(config, asked))
    click.echo(said.text)
    sys.exit(said.exit_code)


@gate.command("safe")
@CONFIG
def gate_safe(config: Path) -> None:
    """Switch every output line of the gate to its safe level, which is off, and end.

    For ExecStopPost= of the unit; not while the daemon runs. Takes about 2 seconds at most; exits
    with 1 if a line could not be switched.
    """
    from wicket.gate_safe import output_lines, switch_off

    with telling_what_is_wrong():
        lines = output_lines(config)
    switch_off(lines)


@main.command()
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("/"),
    show_default=True,
    help="Where dev and sys are.",
)
def devices(root: Path) -> None:
    """List what is plugged in, each with the table to paste for it.

    Opens no scanner and switches no line; safe beside running daemons.
    """
    from wicket.devices import listing

    click.echo(listing(root), nl=False)


main.add_command(certificates)


@main.command()
@click.argument("daemon", type=click.Choice(sorted(DAEMONS)), required=False)
@click.option("--config", type=FILE, help="Settings; by default /etc/wicket/DAEMON.toml.")
def doctor(daemon: str | None, config: Path | None) -> None:
    """Look this machine over: say what is wrong with it and what to do.

    Changes nothing and disturbs no running daemon. Without DAEMON only the machine itself is
    looked at. Exits with 1 if anything is wrong.
    """
    from wicket.doctor import Level, examine, line

    if config is not None and daemon is None:
        raise click.UsageError("whose configuration is it? Say gate, kiosk, desk or central")
    if daemon is not None:
        config = config or _default_config(daemon)
    worst = False
    for name, finding in examine(daemon or "", config):
        click.echo(line(name, finding))
        worst |= finding.level is Level.WRONG
    sys.exit(int(worst))


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


if __name__ == "__main__":
    main(prog_name="wicket")
