"""A contactless reader at PC/SC: the UID or the NDEF message of every card that is laid on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

from smartcard import scard

from hal.drivers.mailbox import Mailbox
from hal.drivers.nfc_tag import code_of
from hal.ports import DeviceFault, Scan
from hal.registry import Devices

log = logging.getLogger("wicket.hal.nfc")

_LOOK_MS = 500
"""How long pcscd is asked for news at a stretch, and so how long closing may take."""
_PATIENCE_S = 2.0
"""What pcscd, or a card that is being read, gets before it counts as stuck."""
_GONE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE


class NfcReader:
    """A card is one scan until it is taken away, and one that lies there already is none. PC/SC
    blocks, so one thread of each reader talks to it."""

    @dataclass(frozen=True)
    class Options:
        """`reader`: a part of its name as pcscd tells it; without one, the first. `read`: "ndef"
        is the first text or URI on the card, else its UID; "uid" is always the UID."""

        reader: str = ""
        read: Literal["ndef", "uid"] = "ndef"

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._box = Mailbox[Scan](name)
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    async def __aenter__(self) -> Self:
        if self._thread and self._thread.is_alive():
            raise self._fault("is stuck in its last card")
        self._box, self._closing = Mailbox(self.name), threading.Event()
        opened = asyncio.get_running_loop().create_future()
        self._thread = threading.Thread(
            target=self._work, args=(opened, self._box, self._closing), daemon=True, name=self.name
        )
        self._thread.start()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await opened
        except TimeoutError as error:
            self._closing.set()
            raise self._fault("pcscd does not answer") from error
        except BaseException:
            self._closing.set()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closing.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join, _PATIENCE_S)

    def scans(self) -> AsyncIterator[Scan]:
        return self._box.items()

    def _work(
        self, opened: asyncio.Future[None], box: Mailbox[Scan], closing: threading.Event
    ) -> None:
        """The thread's life. What it finds is told on the event loop."""
        loop = opened.get_loop()

        def tell(what: Callable[..., object], *args: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended without waiting for us
                loop.call_soon_threadsafe(what, *args)

        try:
            with _context() as context:
                reader = _choose(context, self._options.reader)
                cards = self._cards(context, reader, closing)
                next(cards)
                tell(_set, opened)
                for code in cards:
                    tell(box.put, Scan(code))
        except (
            Exception
        ) as error:  # a bug crosses to the event loop like a fault, and ends it there
            fault = self._fault(str(error)) if isinstance(error, PcscError) else error
            tell(_set, opened, fault)
            tell(box.fail, fault)

    def _cards(self, context: Any, reader: str, closing: threading.Event) -> Iterator[str]:
        """First nothing, as soon as the reader is known to be there; then each card's code."""
        state = _look(context, reader, scard.SCARD_STATE_UNAWARE)
        yield ""
        warned = False
        while not closing.is_set():
            before, state = state, _look(context, reader, state)
            if not _is_laid(before, state):
                continue
            try:
                code = self._read(context, reader)
            except PcscError as error:
                level = logging.DEBUG if warned else logging.WARNING
                warned = True
                log.log(level, "%s: no card was read: %s; hold it still", self.name, error)
                continue
            warned = False
            if code:
                yield code
            else:
                log.info("%s: a card tells neither a text nor a UID", self.name)

    def _read(self, context: Any, reader: str) -> str:
        with _card(context, reader) as ask:
            return code_of(ask, wants_ndef=self._options.read == "ndef")

    def _fault(self, problem: str) -> DeviceFault:
        return DeviceFault(
            self.name,
            problem,
            "is the reader plugged in, and is pcscd running (systemctl status pcscd.socket)? From "
            "Debian 13 on a polkit rule must let the user wicket use it",
        )


class PcscError(Exception):
    """pcscd, the reader or the card refuses."""


def _set(opened: asyncio.Future[None], fault: Exception | None = None) -> None:
    if opened.done():
        return
    if fault:
        opened.set_exception(fault)
    else:
        opened.set_result(None)


def _check(result: int) -> None:
    if result != scard.SCARD_S_SUCCESS:
        raise PcscError(f"PC/SC says: {scard.SCardGetErrorMessage(result).rstrip('. ')}")


@contextlib.contextmanager
def _context() -> Iterator[Any]:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _check(result)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _choose(context: Any, part: str) -> str:
    result, readers = scard.SCardListReaders(context, [])
    if result != scard.SCARD_E_NO_READERS_AVAILABLE:
        _check(result)
    for reader in readers:
        if part in reader:
            return str(reader)
    raise PcscError(
        f"pcscd has {', '.join(readers) or 'no reader'}, and none with {part!r} in its name"
    )


def _look(context: Any, reader: str, known: int) -> int:
    """The state of the reader, at once if it is another than the `known` one. Its upper half counts
    how often a card came or went."""
    result, states = scard.SCardGetStatusChange(context, _LOOK_MS, [(reader, known)])
    if result == scard.SCARD_E_TIMEOUT:
        return known
    _check(result)
    state: int = states[0][1] & ~scard.SCARD_STATE_CHANGED
    if state & _GONE:
        raise PcscError("is unplugged")
    return state


def _is_laid(before: int, state: int) -> bool:
    return state >> 16 != before >> 16 and bool(state & scard.SCARD_STATE_PRESENT)


@contextlib.contextmanager
def _card(context: Any, reader: str) -> Iterator[Callable[[bytes], bytes]]:
    """Left as it is afterwards: switching it off late would meet the next card."""
    result, card, protocol = scard.SCardConnect(
        context,
        reader,
        scard.SCARD_SHARE_SHARED,
        scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
    )
    _check(result)
    header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1

    def ask(command: bytes) -> bytes:
        result, answer = scard.SCardTransmit(card, header, list(command))
        _check(result)
        return bytes(byte & 0xFF for byte in answer)

    try:
        yield ask
    finally:
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
