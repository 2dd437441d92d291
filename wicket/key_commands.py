"""`wicket central rotate-key`, `revoke-key` and `keys`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wicket.options import CONFIG, telling_what_is_wrong

MOST_HOURS = 24 * 90


@click.command("rotate-key")
@CONFIG
@click.option("--in-hours", type=click.FloatRange(0, MOST_HOURS), default=24.0, show_default=True)
@click.option("--why", default="", help="Kept with the key.")
def rotate_key(config: Path, in_hours: float, why: str) -> None:
    """Make a new signing key for central. Told to the gates at once, it signs later.

    Until then every gate that is not cut off has heard of it. Tickets signed with the old key stay
    good. Central may run; with workers on several machines, run this on each of them.
    """
    from wicket.central_keys import rotate

    with telling_what_is_wrong():
        said = rotate(config, in_hours, why)
    click.echo(said.text)
    sys.exit(said.exit_code)


@click.command("revoke-key")
@CONFIG
@click.argument("which")
@click.option("--from", "since", default="", help='"2026-11-22 14:05"; by default now.')
@click.option("--why", required=True, help="Kept with the key.")
def revoke_key(config: Path, which: str, since: str, why: str) -> None:
    """End WHICH key: an id, or the name of a device, for all its keys.

    Tickets signed with it stay good if central or the gates were told of them; sales that the
    device dates later do not. Take its token and its certificate away too.
    """
    from wicket.central_keys import revoke

    with telling_what_is_wrong():
        said = revoke(config, which, since, why)
    click.echo(said.text)
    sys.exit(said.exit_code)


@click.command("keys")
@CONFIG
def list_keys(config: Path) -> None:
    """List all signing keys: id, whose, from when until when, revoked, how many tickets."""
    from wicket.central_keys import listing

    with telling_what_is_wrong():
        said = listing(config)
    click.echo(said.text)
    sys.exit(said.exit_code)
