"""What GPIO chips there are and which of their lines nobody uses, through libgpiod 2."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import gpiod

HEADER = range(2, 28)
"""BCM numbers on the 40-pin header; 0 and 1 are for the EEPROM of a HAT."""
HEADER_CHIPS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")


@dataclass(frozen=True, slots=True)
class Chip:
    """`free`: offsets of lines; `used`: offset and consumer."""

    label: str
    size: int
    free: tuple[int, ...]
    used: tuple[tuple[int, str], ...]

    @property
    def is_header(self) -> bool:
        """Whether it drives the header of a Raspberry Pi."""
        return self.label in HEADER_CHIPS

    @property
    def usable(self) -> tuple[int, ...]:
        """The free lines that can be wired."""
        return tuple(line for line in self.free if not self.is_header or line in HEADER)


def find(wanted: str = "") -> Path:
    """The chip with that label; without one, the chip of a Raspberry Pi's header, whichever number
    it has on this model. Raises OSError if there is none that may be opened."""
    refused: OSError | None = None
    for node in sorted(Path("/dev").glob("gpiochip*")):
        try:
            name = label(node)
        except OSError as error:
            refused = error
            continue
        if name == wanted or (not wanted and name in HEADER_CHIPS):
            return node
    if refused is not None:
        raise refused
    raise FileNotFoundError(errno.ENOENT, f"no GPIO chip is called {wanted or HEADER_CHIPS}")


def label(node: Path) -> str:
    """By which a chip is known on every model. Raises OSError."""
    with gpiod.Chip(str(node)) as chip:
        return str(chip.get_info().label)


def look(node: Path) -> Chip:
    """Raises OSError. Only asks; no line is touched."""
    with gpiod.Chip(str(node)) as chip:
        info = chip.get_info()
        lines = [chip.get_line_info(offset) for offset in range(info.num_lines)]
    return Chip(
        info.label,
        info.num_lines,
        tuple(line.offset for line in lines if not line.used),
        tuple((line.offset, line.consumer) for line in lines if line.used),
    )
