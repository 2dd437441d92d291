"""What the commands of `wicket` share: their settings, and how wrong ones are told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from runtime.settings import BadSettings

BAD_CONFIGURATION = 78
"""EX_CONFIG of sysexits(3); the units do not restart on it."""

FILE = click.Path(dir_okay=False, path_type=Path)


def _of_the_group(context: click.Context, _: click.Parameter, given: Path | None) -> Path:
    assert context.parent is not None
    config: Path = given or context.parent.params["config"]
    return config


CONFIG = click.option(
    "--config", type=FILE, callback=_of_the_group, help="Settings; by default as of the daemon."
)


@contextmanager
def telling_what_is_wrong() -> Iterator[None]:
    """Also what a daemon finds out only when it opens its files."""
    problems: list[str] = []
    try:
        yield
    except* BadSettings as group:
        problems += _problems(group)
    if problems:
        for problem in problems:
            click.echo(problem, err=True)
        sys.exit(BAD_CONFIGURATION)


def _problems(group: BaseExceptionGroup[BadSettings]) -> Iterator[str]:
    for bad in group.exceptions:
        yield from _problems(bad) if isinstance(bad, BaseExceptionGroup) else bad.problems
