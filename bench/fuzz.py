"""`python -m bench.fuzz`: throw bytes at all that reads bytes from outside.

With Atheris the bytes grow by what code they reach; without it (it is there for x86_64 only) they
are the seeds, changed at random. Ends with an error, and the bytes in a file, at the first rule
that does not hold.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

try:
    import atheris
except ModuleNotFoundError:
    atheris = None

LONGEST = 4096


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=int, default=60, show_default=True, help="Stop after that long.")
@click.option("--runs", type=int, help="Or after so many inputs.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same bytes again.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the inputs that reach more.")
def main(seconds: int, runs: int | None, seed: int, folder: Path | None) -> None:
    """Fuzz the decoders of readers and cards, the codes and the wire format."""
    if atheris is None:
        _at_random(seconds, runs, seed)
        return
    with tempfile.TemporaryDirectory(prefix="wicket-fuzz-") as own:
        _by_reach(seconds, runs, seed, folder or Path(own))


def _by_reach(seconds: int, runs: int | None, seed: int, folder: Path) -> None:
    with atheris.instrument_imports(include=["hal", "admission", "runtime", "biip", "ndef"]):
        from bench.fuzz_targets import any_target, seeds
    folder.mkdir(exist_ok=True)
    for n, sample in enumerate(seeds()):
        (folder / f"seed-{n}").write_bytes(sample)
    limit = f"-runs={runs}" if runs else f"-max_total_time={seconds}"
    options = [limit, f"-seed={seed}", f"-max_len={LONGEST}", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(folder)], any_target)
    atheris.Fuzz()


def _at_random(seconds: int, runs: int | None, seed: int) -> None:
    from bench.fuzz_targets import any_target, seeds

    dice = random.Random(seed)
    end = time.monotonic() + seconds
    count = 0
    for data in _changed(list(seeds()), dice):
        if count == runs or time.monotonic() > end:
            break
        try:
            any_target(data)
        except BaseException:
            Path("crash").write_bytes(data)
            raise
        count += 1
    click.echo(f"{count} inputs")


def _changed(samples: list[bytes], dice: random.Random) -> Iterator[bytes]:
    while True:
        data = bytearray(dice.choice(samples) + dice.choice(samples)[1:])
        for _ in range(dice.randrange(8)):
            place = dice.randrange(len(data))
            data[place : place + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
            data = data or bytearray(1)
        yield bytes(data[:LONGEST])


if __name__ == "__main__":
    main()
