"""`wicket central add-staff` and `change-staff`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wicket.options import CONFIG, telling_what_is_wrong

ROLES = click.Choice(["steward", "cloakroom", "cashier", "supervisor", "admin"])


@click.command("add-staff")
@CONFIG
@click.argument("name")
@click.option("--role", type=ROLES, default="admin", show_default=True)
@click.password_option(help="Asked for if it is not told.")
def add_staff(config: Path, name: str, role: str, password: str) -> None:
    """Make an account for the ticket office: NAME is what receipts and histories tell.

    The first one has to be made here; an admin makes the others at /office/staff. Central has to
    have run once.
    """
    from wicket.central_staff import add

    with telling_what_is_wrong():
        said = add(config, name, role, password)
    click.echo(said.text)
    sys.exit(said.exit_code)


@click.command("change-staff")
@CONFIG
@click.argument("name")
@click.option("--role", type=ROLES)
@click.option("--password", is_flag=True, help="Ask for a new password.")
@click.option("--disable/--enable", "disabled", default=None)
def change_staff(
    config: Path, name: str, role: str | None, *, password: bool, disabled: bool | None
) -> None:
    """Change the account NAME: also the way back in when the admin's password is lost.

    Whoever used it has to sign in again.
    """
    from wicket.central_staff import change

    told = ""
    if password:
        told = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    with telling_what_is_wrong():
        said = change(config, name, role, told, disabled=disabled)
    click.echo(said.text)
    sys.exit(said.exit_code)
