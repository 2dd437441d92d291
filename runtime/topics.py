"""The names of MQTT topics: wicket/1/<site>/… (docs/asyncapi.yaml)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    site: str

    @property
    def feed(self) -> str:
        return f"wicket/1/{self.site}/feed"

    def facts(self, device: str) -> str:
        return self._device(device, "facts")

    def ack(self, device: str) -> str:
        return self._device(device, "ack")

    def status(self, device: str) -> str:
        return self._device(device, "status")

    def device_of(self, topic: str) -> str | None:
        """The device a topic of the kind device/<id>/… names, None for others."""
        match topic.removeprefix(f"wicket/1/{self.site}/").split("/"):
            case ["device", device, _]:
                return device
            case _:
                return None

    def _device(self, device: str, what: str) -> str:
        return f"wicket/1/{self.site}/device/{device}/{what}"
