"""The names of MQTT topics: wicket/1/<site>/… (docs/asyncapi.yaml)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def check_name(name: str) -> None:
    """Raise ValueError unless `name` can name a site or a device."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a site or a device: write a-z, 0-9 and -, at most 40"
        )


@dataclass(frozen=True, slots=True)
class Topics:
    site: str

    @property
    def feed(self) -> str:
        return f"wicket/1/{self.site}/feed"

    @property
    def alert(self) -> str:
        return f"wicket/1/{self.site}/alert"

    def facts(self, device: str) -> str:
        return self._device(device, "facts")

    def ack(self, device: str) -> str:
        return self._device(device, "ack")

    def status(self, device: str) -> str:
        return self._device(device, "status")

    def command(self, device: str) -> str:
        return self._device(device, "command")

    def result(self, device: str) -> str:
        return self._device(device, "result")

    def device_of(self, topic: str) -> str | None:
        """The device a topic of the kind device/<id>/… names, None for others."""
        match topic.removeprefix(f"wicket/1/{self.site}/").split("/"):
            case ["device", device, _]:
                return device
            case _:
                return None

    def _device(self, device: str, what: str) -> str:
        return f"wicket/1/{self.site}/device/{device}/{what}"
