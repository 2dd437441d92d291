"""`wicket certificates`: who may speak to the broker (authority.py does it)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.service import utc_now

if TYPE_CHECKING:
    from wicket.authority import Issued

DAYS = 365 * 5

_DIR = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


@click.group()
def certificates() -> None:
    """Certificates for the broker and the devices: TLS without anybody else's help.

    DIR holds the authority of one venue. Whoever reads its ca_key.pem can pose as any device:
    keep DIR on one computer, readable by root only, and keep a copy in a safe.

    \b
    wicket certificates init /root/wicket-ca
    wicket certificates issue broker /root/wicket-ca --host 192.168.10.1 --host broker.venue
    wicket certificates issue gate-1 /root/wicket-ca      (the same for each gate and kiosk)

    Then copy DIR/broker and crl.pem to the broker, DIR/gate-1 to gate-1, and name the three files
    under [mqtt.tls] there. The handbook tells it step by step. When a device is stolen:

    \b
    wicket certificates revoke gate-1 /root/wicket-ca
    """


@certificates.command()
@_DIR
@click.option("--name", default="Wicket venue", show_default=True, help="What it is called.")
def init(folder: Path, name: str) -> None:
    """Make an authority in DIR. Once for each venue.

    It is good for 20 years. Losing DIR means issuing everything anew, on a new authority.
    """
    with _telling_why_not():
        from wicket.authority import Authority

        Authority.begin(folder, name, _now())
    click.echo(f"{folder}: an authority; guard {folder / 'ca_key.pem'}")


@certificates.command()
@click.argument("name")
@_DIR
@click.option(
    "--host", "hosts", multiple=True, help="Makes it a server's: name or address; may be repeated."
)
@click.option(
    "--days",
    default=DAYS,
    show_default=True,
    type=click.IntRange(1, 365 * 20),
    help="How long it is good.",
)
def issue(name: str, folder: Path, hosts: tuple[str, ...], days: int) -> None:
    """Make a key and a certificate for NAME: a device's, or with --host the broker's.

    NAME of a gate or kiosk is `device` in its settings. --host is what devices write as [mqtt]
    host: every name and address by which they reach the broker.

    The result is the folder DIR/NAME with ca.pem, certificate.pem and key.pem, to be copied to
    the device and to no other. To renew one before it ends, issue it again and copy it again; the
    earlier one stays good until its end.
    """
    with _telling_why_not():
        from wicket.authority import Authority

        made = Authority(folder).issue(name, hosts, days, _now())
    click.echo(f"{made}: copy it to {'the broker' if hosts else name}")


@certificates.command()
@click.argument("name")
@_DIR
def revoke(name: str, folder: Path) -> None:
    """Let NAME in no more: all its certificates are put on the list DIR/crl.pem.

    Copy crl.pem to the broker, where mosquitto-crl.path sees it and restarts mosquitto: the
    device is cut within seconds, the others connect again by themselves and lose nothing. Without
    that unit: systemctl restart mosquitto. A reload is not enough: it cuts nobody.
    """
    with _telling_why_not():
        from wicket.authority import Authority

        revoked = Authority(folder).revoke(name, _now())
    for one in revoked:
        click.echo(f"revoked {one.serial:x}")
    click.echo(f"copy {folder / 'crl.pem'} to the broker, over /etc/mosquitto/wicket/crl.pem")


@certificates.command("list")
@_DIR
def list_(folder: Path) -> None:
    """Show every certificate of DIR: name, serial number, until when it is good."""
    with _telling_why_not():
        from wicket.authority import Authority

        issued = Authority(folder).issued()
    for one in issued:
        click.echo(line(one, _now()))


def line(one: Issued, now: datetime) -> str:
    """One certificate, as `list` shows it."""
    if one.revoked_at:
        state = f"revoked {one.revoked_at:%Y-%m-%d %H:%M}"
    elif one.until <= now:
        state = "expired"
    else:
        state = "good"
    until = f"until {one.until:%Y-%m-%d}"
    return f"{one.name:<20} {one.serial:<40x} {until}  {state}  {' '.join(one.hosts)}".rstrip()


def _now() -> datetime:
    """Certificates know whole seconds only."""
    return utc_now().replace(microsecond=0)


@contextmanager
def _telling_why_not() -> Iterator[None]:
    from wicket.authority import Refused

    try:
        yield
    except (Refused, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
