"""Builds the lines that a device is composed from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from hal.ports import InputLine, OutputLine
from hal.registry import BadDevice, Devices

T = TypeVar("T")

Table = Mapping[str, Any]
"""The table of an OutputLine or InputLine: `{driver = "gpiozero", pin = 17}`."""


def build_lines(
    owner: str,
    devices: Devices,
    outputs: Mapping[str, Table | None],
    inputs: Mapping[str, Table | None],
) -> tuple[dict[str, OutputLine], dict[str, InputLine]]:
    """The lines by the name of their option; None builds nothing. Raises BadDevice with all that
    is wrong with any of them."""
    problems: list[str] = []

    def build(port: type[T], tables: Mapping[str, Table | None]) -> dict[str, T]:
        built = {}
        for part, table in tables.items():
            try:
                if table is not None:
                    built[part] = devices.build(port, f"{owner}.{part}", table)
            except BadDevice as bad:
                problems.extend(bad.problems)
        return built

    lines = build(OutputLine, outputs), build(InputLine, inputs)
    if problems:
        raise BadDevice(problems)
    return lines
