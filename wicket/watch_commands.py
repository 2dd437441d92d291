"""`wicket central devices`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wicket.options import CONFIG, telling_what_is_wrong


@click.command("devices")
@CONFIG
def list_devices(config: Path) -> None:
    """Say who is connected, what is wrong and what to do, and how many persons each zone counts.

    Reads the database beside central, so it also helps while central does not answer.
    """
    from wicket.central_watch import listing

    with telling_what_is_wrong():
        said = listing(config)
    click.echo(said.text)
    sys.exit(said.exit_code)
