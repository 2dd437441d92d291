"""One table of all drivers. Adding one = one file, one row here, one line in the contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar, cast

from hal.ports import (
    CodeReader,
    InputLine,
    LaneDisplay,
    OutputLine,
    PaymentTerminal,
    TicketPrinter,
    Turnstile,
)
from hal.sim.stage import Stage

T = TypeVar("T")

DRIVERS: dict[type[Any], dict[str, str]] = {
    CodeReader: {
        "sim": "hal.sim.reader:SimReader",
        "serial": "hal.drivers.serial_reader:SerialReader",
        "evdev": "hal.drivers.evdev_reader:EvdevReader",
        "nfc": "hal.drivers.nfc_reader:NfcReader",
        "osdp": "hal.drivers.osdp_reader:OsdpReader",
        "wiegand": "hal.drivers.wiegand_reader:WiegandReader",
    },
    Turnstile: {
        "tripod": "hal.drivers.tripod:Tripod",
        "swing_gate": "hal.drivers.swing_gate:SwingGate",
        "door": "hal.drivers.door:Door",
    },
    OutputLine: {
        "sim": "hal.sim.lines:SimOutput",
        "gpiozero": "hal.drivers.gpiozero_lines:GpiozeroOutput",
        "gpiod": "hal.drivers.gpiod_lines:GpiodOutput",
        "serial_relay": "hal.drivers.serial_relay:SerialRelay",
        "modbus": "hal.drivers.modbus_lines:ModbusOutput",
    },
    InputLine: {
        "sim": "hal.sim.lines:SimInput",
        "gpiozero": "hal.drivers.gpiozero_lines:GpiozeroInput",
        "gpiod": "hal.drivers.gpiod_lines:GpiodInput",
        "modbus": "hal.drivers.modbus_lines:ModbusInput",
    },
    LaneDisplay: {
        "sim": "hal.sim.display:SimDisplay",
        "log": "hal.drivers.log_display:LogDisplay",
        "screen": "hal.drivers.screen_display:ScreenDisplay",
        "lights": "hal.drivers.lights_display:LightsDisplay",
        "text": "hal.drivers.text_display:TextDisplay",
    },
    TicketPrinter: {
        "sim": "hal.sim.printer:SimPrinter",
        "escpos": "hal.drivers.escpos_printer:EscposPrinter",
    },
    PaymentTerminal: {
        "sim": "hal.sim.terminal:SimTerminal",
    },
}
"""Port → driver name in the configuration → where its class lives (imported when asked for)."""

EXTRAS = {
    "gpiozero": "gpio",
    "lgpio": "gpio",
    "gpiod": "gpio",
    "pymodbus": "modbus",
    "evdev": "hid",
    "xkbcommon": "hid",
    "pyudev": "hid",
    "biip": "gs1",
    "smartcard": "nfc",
    "ndef": "nfc",
    "osdp": "osdp",
    "pygame": "kiosk",
    "escpos": "print",
    "PIL": "print",
    "segno": "print",
}
"""Vendor package → the extra of the `wicket` distribution that brings it."""


class BadDevice(Exception):
    """A device table in the configuration cannot be used. One text per problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Devices:
    """Builds devices from their tables: `{driver = "serial", port = "/dev/ttyACM0"}`.

    A driver is a class with a nested frozen dataclass `Options` and the constructor
    `(name, options, devices)`; `devices` builds the parts it is composed from. `structure`
    strictly builds a dataclass from plain data (runtime/convert.py); the `problems` of its
    ValueError are (path, what is wrong) pairs.
    """

    structure: Callable[[Any, type[Any]], Any]
    stage: Stage
    boards: dict[Any, Any] = field(default_factory=dict)
    """What several lines share, such as the one connection to a relay board: key → board."""

    def build(self, port: type[T], name: str, table: Mapping[str, Any]) -> T:
        """A closed device. Raises BadDevice, with every problem of its table."""
        rows = DRIVERS[port]
        driver = table.get("driver")
        if not isinstance(driver, str) or driver not in rows:
            known = ", ".join(sorted(rows))
            raise BadDevice(
                [f"{name}.driver: {driver!r} is no {port.__name__} driver; known: {known}"]
            )
        module, _, cls_name = rows[driver].partition(":")
        try:
            cls = getattr(import_module(module), cls_name)
        except ModuleNotFoundError as missing:
            extra = EXTRAS.get((missing.name or "").partition(".")[0])
            if extra is None:
                raise
            raise BadDevice(
                [f"{name}.driver: {driver!r} needs {missing.name}; install wicket[{extra}]"]
            ) from missing
        rest = {key: value for key, value in table.items() if key != "driver"}
        try:
            options = self.structure(rest, cls.Options)
        except ValueError as error:
            problems = getattr(error, "problems", [("", str(error))])
            raise BadDevice(
                [f"{name}.{path}: {what}" if path else f"{name}: {what}" for path, what in problems]
            ) from error
        return cast(T, cls(name, options, self))
