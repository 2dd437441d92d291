"""`wicket central import-list` and `import-revoked`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wicket.options import CONFIG, telling_what_is_wrong

_INPUT = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command("import-list")
@CONFIG
@click.argument("file", type=_INPUT)
@click.option("--product", type=click.IntRange(1, 65535), required=True, help="Which they are.")
@click.option("--name", default="", help="Of the list; by default the file's, without its ending.")
@click.option("--from", "valid_from", default="", help="For rows that tell no valid_from.")
@click.option("--until", "valid_until", default="", help="For rows that tell no valid_until.")
@click.option("--complete", is_flag=True, help="Cancel tickets of the list that have no row.")
@click.option("--skip-wrong", is_flag=True, help="Import the rows that are good all the same.")
@click.option("--dry-run", is_flag=True, help="Only tell what is wrong.")
def import_list(
    config: Path, file: Path, product: int, name: str, *, dry_run: bool, **how: object
) -> None:
    """Make tickets of FILE, a CSV table of codes that somebody else sold ("-": standard input).

    Its first line names the columns: code, and if you like valid_from, valid_until, persons,
    reference. The codes are admitted as they are printed. All wrong lines are told at once; then
    nothing is imported. Import the same list again whenever it changed: what is the same stays
    untouched. Central may run.

    \b
    wicket central import-list partner.csv --product 3 --from 2026-12-01 --until 2026-12-31

    Exits with 78 if the file is no such table, with 1 if it was not imported.
    """
    from central.foreign.imports import Wanted
    from wicket.central_foreign import STANDARD_INPUT, Asked, import_list

    if how["complete"] and how["skip_wrong"]:
        raise click.UsageError("a list with wrong rows is not complete: leave one of the two out")
    name = name or ("" if file == STANDARD_INPUT else file.stem)
    if not 1 <= len(name) <= 80:
        raise click.UsageError("say a --name of 1 to 80 characters")
    wanted = Wanted(name, product, bool(how["complete"]), bool(how["skip_wrong"]))
    asked = Asked(file, wanted, str(how["valid_from"]), str(how["valid_until"]))
    with telling_what_is_wrong():
        exit_code = import_list(config, asked, click.echo, dry_run=dry_run)
    sys.exit(exit_code)


@click.command("import-revoked")
@CONFIG
@click.argument("file", type=_INPUT)
def import_revoked(config: Path, file: Path) -> None:
    """Let nobody in with the codes in FILE any more ("-": standard input).

    One code a line, or what pretix answers when it is asked for its revoked secrets. What is
    revoked already is left alone, so this may run every few minutes. Central may run.
    """
    from wicket.central_foreign import import_revoked

    with telling_what_is_wrong():
        exit_code = import_revoked(config, file, click.echo)
    sys.exit(exit_code)
