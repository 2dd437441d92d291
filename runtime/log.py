"""Logs: one line an event, on standard error. Under systemd the journal adds time and level."""

from __future__ import annotations

import logging
import os
import sys

_SYSLOG = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


class _JournalFormat(logging.Formatter):
    """`<4>message`: the prefix that systemd reads as priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        priority = f"<{_SYSLOG[record.levelname]}>"
        return "\n".join(priority + line for line in super().format(record).splitlines())


def set_up(daemon: str, *, verbose: bool = False) -> None:
    handler = logging.StreamHandler(sys.stderr)
    if "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_JournalFormat("%(name)s: %(message)s"))
    else:
        layout = f"%(asctime)s {daemon} %(levelname)-7s %(name)s: %(message)s"
        handler.setFormatter(logging.Formatter(layout, "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("wicket").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class Repeats:
    """Warn once, then whisper: the first failure of a kind at WARNING, the same again at DEBUG."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._last: str | None = None

    def failed(self, message: str) -> None:
        self._log.log(logging.DEBUG if message == self._last else logging.WARNING, message)
        self._last = message

    def healed(self, message: str) -> None:
        """Say so at INFO if anything had failed before."""
        if self._last is not None:
            self._log.info(message)
        self._last = None
