"""The far end of a GPIO chip that the kernel simulates: what hangs on a Raspberry Pi's pins.

https://docs.kernel.org/admin-guide/gpio/gpio-sim.html
"""

from __future__ import annotations

from pathlib import Path

LABEL = "pinctrl-bcm2711"
"""As on a Raspberry Pi 4."""
LINES = 54


class GpioSim:
    """Only root on the board can make one. `chip` is its device file, such as /dev/gpiochip0."""

    def __init__(self, label: str = LABEL, lines: int = LINES, name: str = "pi") -> None:
        made = Path("/sys/kernel/config/gpio-sim") / name
        bank = made / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(lines))
        (bank / "label").write_text(label)
        (made / "live").write_text("1")
        chip = (bank / "chip_name").read_text().strip()
        device = (made / "dev_name").read_text().strip()
        self.chip = Path("/dev") / chip
        self._far = Path("/sys/devices/platform") / device / chip

    def level(self, line: int) -> bool:
        """What a relay on this line gets."""
        return (self._far / f"sim_gpio{line}" / "value").read_text() == "1\n"

    def pull(self, line: int, up: bool) -> None:
        """What a contact does to this line."""
        (self._far / f"sim_gpio{line}" / "pull").write_text("pull-up" if up else "pull-down")
