"""A real pcscd with vpcd's virtual reader, and contactless cards to lay on it.

vpcd listens on every interface, so pcscd runs in a network namespace of its own; its socket is
bound to a folder of the test's, so no other pcscd of this machine is met. Needs root.

vpcd's wire format: a length of two bytes, then that many; the reader's single bytes are 0 power
off, 1 power on, 2 reset, 4 tell the ATR; all else is a command to the card.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import ndef
from smartcard import scard

READER = "Virtual PCD 00 00"
_PORT = 35963
_CLONE_NEWNET = 0x40000000
_ATR = bytes.fromhex("3B8180018080")
_VPCD = """FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x8C7B
LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so
CHANNELID 0x8C7B
"""
_START = """ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd &&
mount --bind "$1" /run/pcscd && exec pcscd --foreground --info --config "$2"
"""


SOCKET = "PCSCLITE_CSOCK_NAME"


class Pcscd:
    """`folder` holds its socket for the whole test run: libpcsclite asks for its path only once."""

    def __init__(self, folder: Path) -> None:
        self._sockets = folder / "pcscd"
        self._readers = folder / "readers"
        self._sockets.mkdir(exist_ok=True)
        self._readers.mkdir(exist_ok=True)
        self._process: subprocess.Popen[str] | None = None
        os.environ[SOCKET] = str(self._sockets / "pcscd.comm")

    def start(self, with_reader: bool = True) -> None:
        """Return when it answers."""
        (self._readers / "vpcd").write_text(_VPCD if with_reader else "")
        self._process = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", _START, "sh", self._sockets, self._readers],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "daemon ready" in line:
                break
        else:
            raise RuntimeError("".join(said))
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        self._answers()

    def _answers(self) -> None:
        """It says that it is ready a moment before its socket is."""
        end = time.monotonic() + 30
        while (made := scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM))[0]:
            if time.monotonic() > end:
                raise TimeoutError(scard.SCardGetErrorMessage(made[0]))
            os.sched_yield()
        scard.SCardReleaseContext(made[1])

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    @asynccontextmanager
    async def laid_on(self, card: Card) -> AsyncIterator[None]:
        """The card lies there in the block; afterwards pcscd has seen that it is gone. Leave the
        block only when it has seen the card: vpcd does not survive one that comes and goes."""
        sock = await asyncio.to_thread(self._dial)
        task = asyncio.create_task(card.serve(sock))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            sock.close()
            await self.sees(scard.SCARD_STATE_EMPTY)

    async def sees(self, wanted: int = scard.SCARD_STATE_PRESENT) -> None:
        """Return when pcscd sees a card, or another state of its reader."""
        await asyncio.to_thread(_sees, wanted)

    def _dial(self) -> socket.socket:
        """A connection to vpcd, made by a thread that enters its network and ends there."""
        made: list[socket.socket] = []

        def dial() -> None:
            assert self._process
            with Path(f"/proc/{self._process.pid}/ns/net").open() as net:
                if ctypes.CDLL(None, use_errno=True).setns(net.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_connection(("127.0.0.1", _PORT), timeout=30))

        thread = threading.Thread(target=dial)
        thread.start()
        thread.join()
        made[0].setblocking(False)
        return made[0]


@contextmanager
def _context() -> Iterator[Any]:
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    yield context
    scard.SCardReleaseContext(context)


def _sees(wanted: int) -> None:
    state = scard.SCARD_STATE_UNAWARE
    with _context() as context:
        for _ in range(150):
            _, states = scard.SCardGetStatusChange(context, 200, [(READER, state)])
            state = states[0][1] & ~scard.SCARD_STATE_CHANGED
            if state & wanted:
                return
    raise TimeoutError(f"pcscd does not see state {wanted:x}, but {state:x}")


def use_card() -> None:
    """What another program does that talks to the card and resets it."""
    with _context() as context:
        result, card, _ = scard.SCardConnect(
            context, READER, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T1
        )
        assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
        scard.SCardDisconnect(card, scard.SCARD_RESET_CARD)


class Card:
    """Answers by `answer`; one that raises EOFError pulls the card away, None is silence."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self.gone = asyncio.Event()

    async def serve(self, sock: socket.socket) -> None:
        try:
            while True:
                await self._serve_one(sock)
        except (EOFError, OSError):
            sock.close()
            self.gone.set()

    async def _serve_one(self, sock: socket.socket) -> None:
        command = await _take(sock, int.from_bytes(await _take(sock, 2)))
        if command == b"\x04":
            await _give(sock, _ATR)
        elif len(command) > 1 and (answer := self._answer(command)) is not None:
            await _give(sock, answer)


async def _take(sock: socket.socket, length: int) -> bytes:
    taken = b""
    while len(taken) < length:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # else 40 ms for each command
        more = await asyncio.get_running_loop().sock_recv(sock, length - len(taken))
        if not more:
            raise EOFError
        taken += more
    return taken


async def _give(sock: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, len(data).to_bytes(2) + data)


class Type4:
    """The answers of an NFC Forum type 4 tag; without `uid` the reader tells none."""

    def __init__(self, message: bytes = b"", uid: bytes = b"") -> None:
        self._uid = uid
        file = len(message).to_bytes(2) + message
        size = max(len(file), 256).to_bytes(2)
        self.files = {
            b"\xe1\x03": b"\x00\x0f\x20\x00\xf6\x00\xf6\x04\x06\xe1\x04" + size + b"\x00\x00",
            b"\xe1\x04": file,
        }
        self._chosen = b""
        self.was_read = asyncio.Event()
        """All that there is to know has been asked for."""

    def __call__(self, command: bytes) -> bytes:
        head = command[:4].hex()
        if head == "ffca0000":
            self.was_read.set()
            return self._uid + b"\x90\x00" if self._uid else b"\x6a\x81"
        if head == "00a40400":
            return b"\x90\x00" if command[5:12].hex() == "d2760000850101" else b"\x6a\x82"
        if head == "00a4000c":
            self._chosen = command[5:7]
            return b"\x90\x00" if self._chosen in self.files else b"\x6a\x82"
        if head.startswith("00b0") and self._chosen in self.files:
            file, offset = self.files[self._chosen], int.from_bytes(command[2:4])
            if self._chosen == b"\xe1\x04" and offset + command[4] == len(file):
                self.was_read.set()
            return file[offset : offset + command[4]] + b"\x90\x00"
        return b"\x6d\x00"


class Type2:
    """The answers of a reader that holds a type 2 tag with these pages from 3 on."""

    def __init__(self, memory: bytes, uid: bytes) -> None:
        self._memory = bytes(12) + memory + bytes(64)
        self._uid = uid

    def __call__(self, command: bytes) -> bytes:
        if command == bytes.fromhex("FFCA000000"):
            return self._uid + b"\x90\x00"
        if command[:2] == b"\xff\xb0":
            start = int.from_bytes(command[2:4]) * 4
            return self._memory[start : start + command[4]] + b"\x90\x00"
        return b"\x6a\x81"


def ndef_text(*texts: str) -> bytes:
    """An NDEF message of text records."""
    return b"".join(ndef.message_encoder([ndef.TextRecord(text) for text in texts]))
