"""Which daemons there are. Each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hal.registry import BadDevice
from runtime.settings import BadSettings, load


@dataclass(frozen=True)
class Daemon:
    """Module:name of its settings class, of `check(settings)` and of `serve(settings)`."""

    settings: str
    service: str

    def load(self, config: Path) -> Any:
        """Its settings, checked without hardware and network. Raises BadSettings."""
        settings = load(config, _find(self.settings))
        try:
            self._call("check")(settings)
        except BadDevice as bad:
            raise BadSettings([f"{config}: {problem}" for problem in bad.problems]) from bad
        return settings

    def serve(self, settings: Any) -> Coroutine[Any, Any, None]:
        coroutine: Coroutine[Any, Any, None] = self._call("serve")(settings)
        return coroutine

    def _call(self, name: str) -> Callable[[Any], Any]:
        function: Callable[[Any], Any] = _find(f"{self.service}:{name}")
        return function


def _find(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


DAEMONS = {
    "central": Daemon("central.settings:CentralSettings", "central.service"),
    "desk": Daemon("desk.settings:DeskSettings", "desk.service"),
    "gate": Daemon("gate.settings:GateSettings", "gate.service"),
    "kiosk": Daemon("kiosk.settings:KioskSettings", "kiosk.service"),
}
