"""One MQTT 3.1.1 session that outlives its connections. The only file that knows aiomqtt.

3.1.1 is all that is needed, and what every broker speaks: nothing here may depend on properties
of MQTT 5.

TCP_NODELAY is set on our end (and `set_tcp_nodelay true` in config/mosquitto.conf on the
broker's): with Nagle's algorithm a QoS 1 round trip takes 44-88 ms instead of about 1 ms.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from runtime.bus import Connected, Message
from runtime.log import Repeats
from runtime.tls import TlsSettings, client_context
from runtime.wire import MAX_PAYLOAD

if TYPE_CHECKING:
    import aiomqtt

__all__ = ["Bus", "BusSettings", "Connected", "Message", "try_broker"]

log = logging.getLogger("wicket.mqtt")
_library = logging.getLogger("wicket.mqtt.library")
_library.setLevel(logging.CRITICAL)  # what it says of lost connections is said here

QOS = 1
KEEPALIVE_S = 10
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0
ASKING_S, JUDGED_WITHIN_S = 3.0, 0.5
MOST_WAITING = 10_000
"""Messages that wait for a listener who is busy; enough for 50 gates after a long outage."""
MOST_BYTES = 32 * 1024 * 1024
"""Of them together."""
DISCONNECT = b"\xe0\x00"
NODELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True)
class BusSettings:
    """Where the broker is. With `tls` the certificate's common name is the user name, and the
    broker makes it the client id too (config/mosquitto.conf)."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: TlsSettings | None = None

    @property
    def hint(self) -> str:
        """What to look at when the broker does not answer, or does not let us in."""
        if self.tls:
            return "is mosquitto running, are [mqtt] host, port and tls right, and this clock?"
        return "is mosquitto running, are [mqtt] host, port, username and password right?"


class Bus:
    """runtime.bus.Bus over MQTT. `run` keeps it connected; `messages` has one listener; `publish`
    never waits for long."""

    def __init__(
        self,
        settings: BusSettings,
        client_id: str,
        subscriptions: tuple[str, ...] = (),
        will: Message | None = None,
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._subscriptions = subscriptions
        self._will = will
        self._client: aiomqtt.Client | None = None
        self._waiting = _Waiting()
        self._arrived: asyncio.Queue[Connected | Message] = asyncio.Queue(maxsize=1000)
        self._repeats, self._too_large = Repeats(log), Repeats(log)

    @property
    def online(self) -> bool:
        return self._client is not None

    async def run(self) -> None:
        """Connect, and connect again whenever the connection is lost. Never returns."""
        await asyncio.to_thread(import_module, "aiomqtt")  # 20 ms, beside a gate's lanes
        import aiomqtt  # noqa: PLC0415

        pause_s = FIRST_PAUSE_S
        while True:
            with _heeding_cancellation() as heed:
                try:
                    async with self._connect() as client:
                        for topic in self._subscriptions:
                            await client.subscribe(topic, qos=QOS)
                        heed()
                        pause_s = FIRST_PAUSE_S
                        self._client = client
                        self._repeats.healed("broker is back")
                        try:
                            await self._listen(client)
                        except asyncio.CancelledError:
                            await self._say_goodbye(client)
                            raise
                except (aiomqtt.MqttError, OSError, ValueError) as error:
                    why = str(error) if self.online else await self._reason(error)
                    where = f"{self._settings.host}:{self._settings.port}"
                    self._repeats.failed(
                        f"no broker at {where} ({why}); trying on; {self._settings.hint}"
                    )
                finally:
                    self._client = None
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - no secret
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """True when the broker has taken it (which does not mean that anyone has read it). False
        also for more than MAX_PAYLOAD bytes, which a broker drops and says that it took them."""
        import aiomqtt  # noqa: PLC0415

        client = self._client
        if client is None:
            return False
        if len(payload) > MAX_PAYLOAD:
            self._too_large.failed(f"{topic}: {len(payload)} bytes are more than any broker takes")
            return False
        with _heeding_cancellation():
            try:
                await client.publish(topic, payload, qos=QOS, retain=retain)
            except (aiomqtt.MqttError, ValueError):
                return False
        return True

    async def messages(self) -> AsyncIterator[Connected | Message]:
        """Connected() after every connect, then what arrives."""
        while True:
            yield await self._arrived.get()

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        """A broker drops the last will of a client that leaves politely: say it ourselves."""
        import aiomqtt  # noqa: PLC0415

        if self._will is not None:
            will = self._will
            with suppress(TimeoutError, aiomqtt.MqttError):
                await client.publish(
                    will.topic, will.payload, qos=QOS, retain=will.retain, timeout=1
                )

    def _connect(self) -> aiomqtt.Client:
        import aiomqtt  # noqa: PLC0415

        last = self._will
        will = None
        if last is not None:
            will = aiomqtt.Will(last.topic, last.payload, qos=QOS, retain=last.retain)
        tls = self._settings.tls
        self._waiting = waiting = _Waiting(MOST_WAITING)
        return aiomqtt.Client(
            self._settings.host,
            self._settings.port,
            username=self._settings.username,
            password=self._settings.password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            tls_context=client_context(tls) if tls else None,
            will=will,
            keepalive=KEEPALIVE_S,
            timeout=5,
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: waiting),
            socket_options=[NODELAY],
            logger=_library,
        )

    async def _reason(self, error: Exception) -> str:
        """aiomqtt does not hear why a broker did not take a certificate: ask it ourselves."""
        if self._settings.tls:
            try:
                await try_broker(self._settings, ASKING_S)
            except ConnectionError as told:
                return str(told)
        return str(error)

    async def _listen(self, client: aiomqtt.Client) -> None:
        await self._arrived.put(Connected())
        async for message in client.messages:
            if self._waiting.dropped:
                raise ConnectionError("more came than was heard; connecting anew to ask for it")
            heard = Message(str(message.topic), _payload(message), bool(message.retain))
            await self._arrived.put(heard)


class _Waiting(asyncio.Queue[Any]):
    """Messages that have come. Full also of few large ones; `dropped`: one has found it so."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._bytes = 0
        self.dropped = False

    def full(self) -> bool:
        return super().full() or self._bytes >= MOST_BYTES

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self.dropped |= self.full()
        super().put_nowait(item)

    def _put(self, item: aiomqtt.Message) -> None:
        self._bytes += len(_payload(item))
        super()._put(item)

    def _get(self) -> aiomqtt.Message:
        item: aiomqtt.Message = super()._get()
        self._bytes -= len(_payload(item))
        return item


def _payload(message: aiomqtt.Message) -> bytes:
    return message.payload if isinstance(message.payload, bytes) else b""


async def try_broker(settings: BusSettings, patience_s: float) -> None:
    """Are we let in? Asks under a name that nobody else has, or with TLS before there is a name,
    so that no session is disturbed. Raises ConnectionError."""
    try:
        async with asyncio.timeout(patience_s):
            await (_shake_hands(settings) if settings.tls else _sign_in(settings))
    except TimeoutError as error:
        raise ConnectionError(f"no answer within {patience_s:g} s") from error
    except (OSError, ValueError) as error:
        raise ConnectionError(str(error)) from error


async def _sign_in(settings: BusSettings) -> None:
    import aiomqtt  # noqa: PLC0415

    client = aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        identifier=f"wicket-try-{secrets.token_hex(4)}",
        logger=_library,
    )
    try:
        async with client:
            pass
    except aiomqtt.MqttError as error:
        raise ConnectionError(str(error)) from error


async def _shake_hands(settings: BusSettings) -> None:
    """In TLS 1.3 the client is done before the server has judged its certificate: a broker that
    does not take it raises an alert then, one that does says nothing."""
    assert settings.tls
    context = client_context(settings.tls)
    reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(JUDGED_WITHIN_S):
                await reader.read(1)
                raise ConnectionError("the broker hung up before we said anything")
        writer.write(DISCONNECT)
        await reader.read()
    finally:
        writer.transport.abort()


@contextmanager
def _heeding_cancellation() -> Iterator[Callable[[], None]]:
    """aiomqtt waits by asyncio.wait_for, which before Python 3.12 may swallow a cancellation that
    comes together with the awaited thing (gh-86296): then the task would live on for ever.

    The cancellation is raised after all at the end of the block, and when the block calls what
    it is given, as it must before it waits for long.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()

    def heed() -> None:
        if task.cancelling() > before:
            raise asyncio.CancelledError

    yield heed
    heed()


def _no_closed_writer(record: logging.LogRecord) -> bool:
    """A filter for asyncio's log. aiomqtt has its writer registered a moment later, when a lost
    connection's socket may be closed already: harmless, for it connects anew."""
    error = record.exc_info[1] if record.exc_info else None
    closed = isinstance(error, OSError) and error.errno == errno.EBADF
    return not (closed and "add_writer" in record.getMessage())


logging.getLogger("asyncio").addFilter(_no_closed_writer)
