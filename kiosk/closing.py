"""Staff close the kiosk for sale, and open it again, from the ticket office."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.state import Event, Fault, Faulted, Healed
from runtime.commands import CloseSales, Command, OpenSales, Refusal
from runtime.disk import DiskFault
from runtime.outbox import Outbox

SOURCE = "office"
HINT = "open it again on the page Live of the ticket office"


class Closing:
    """Kept on the disk: a kiosk that is closed stays so when it starts anew. A visitor who pays
    already gets the tickets."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._tell: Callable[[Event], None] = lambda event: None

    def watch(self, tell: Callable[[Event], None]) -> None:
        """`tell` hears how it is, and every change."""
        self._tell = tell
        self._tell_now()

    def status(self) -> dict[str, Any]:
        return {"closed": self._outbox.note("closed") or None}

    async def obey(self, command: Command) -> str:
        """Raises Refusal."""
        match command.deed:
            case CloseSales(reason):
                await self._keep(reason)
                return f"{self._outbox.device} is closed for sale"
            case OpenSales():
                await self._keep("")
                return f"{self._outbox.device} is open for sale"
            case _:
                raise Refusal("this is a kiosk: it has no lanes")

    async def _keep(self, reason: str) -> None:
        try:
            await self._outbox.put_note("closed", reason)
        except DiskFault as fault:
            raise Refusal(f"the disk has not taken it: {fault}") from fault
        self._tell_now()

    def _tell_now(self) -> None:
        reason = self._outbox.note("closed")
        self._tell(Faulted(Fault(SOURCE, reason, HINT)) if reason else Healed(SOURCE))
