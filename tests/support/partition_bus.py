"""The broker of the partition simulator, and the bus that devices have with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from support.partition_net import BROKER, Net, Pipe

from runtime.bus import Connected, Message

KEEPALIVE_S = (10.0, 20.0)
PUBACK_S = 5.0


class Broker:
    """Stores nothing but what is retained, and forgets that too when it is killed."""

    def __init__(self) -> None:
        self.alive = True
        self.since = 0.0
        self.sessions: list[Session] = []
        self.doubled: set[str] = set()
        """Devices that say that somebody else has their name."""
        self._retained: dict[str, Message] = {}

    def kill(self) -> None:
        self.alive = False
        self._retained.clear()
        for session in tuple(self.sessions):
            session.end(will=False)

    def start(self) -> None:
        self.alive, self.since = True, asyncio.get_running_loop().time()

    def publish(self, message: Message) -> None:
        if b'"name_taken":true' in message.payload:
            self.doubled.add(message.topic.split("/")[-2])
        if message.retain:
            self._retained[message.topic] = message
        live = Message(message.topic, message.payload)
        for session in self.sessions:
            if session.wants(message.topic):
                session.down.send(live)

    def welcome(self, session: Session) -> None:
        for other in tuple(self.sessions):
            if other.device == session.device:
                other.end(will=False)
        self.sessions.append(session)
        for topic, message in self._retained.items():
            if session.wants(topic):
                session.down.send(message)


class Session:
    """One connection of a device with the broker."""

    def __init__(
        self, net: Net, broker: Broker, bus: SimBus, arrived: asyncio.Queue[Connected | Message]
    ) -> None:
        self._net = net
        self._broker = broker
        self._bus = bus
        self.device = bus.device
        self.since = asyncio.get_running_loop().time()
        self.ended = asyncio.Event()
        self._arrived = arrived
        self._acks: dict[int, asyncio.Future[bool]] = {}
        self._lines = (net.line(self.device, BROKER), net.line(BROKER, self.device))
        self._up = Pipe(net, self._lines[0], self._at_broker)
        self.down = Pipe(net, self._lines[1], self._at_device)
        self._numbers: dict[int, Message] = {}
        for line in self._lines:
            line.watchers.append(self._look)
        broker.welcome(self)

    def wants(self, topic: str) -> bool:
        return any(_matches(wanted, topic) for wanted in self._bus.topics)

    async def publish(self, message: Message) -> bool:
        number = len(self._numbers)
        self._numbers[number] = message
        acked = self._acks[number] = asyncio.get_running_loop().create_future()
        self._up.send(number)
        done, _ = await asyncio.wait({acked}, timeout=PUBACK_S)
        return bool(done) and acked.result()

    def end(self, *, will: bool = True) -> None:
        if self.ended.is_set():
            return
        self.ended.set()
        self._broker.sessions.remove(self)
        self._up.close()
        self.down.close()
        for line in self._lines:
            line.watchers.remove(self._look)
        for acked in self._acks.values():
            if not acked.done():
                acked.set_result(False)
        if will and self._bus.will and self._broker.alive:
            self._broker.publish(self._bus.will)

    def _at_broker(self, number: Message | int) -> None:
        assert isinstance(number, int)
        self._broker.publish(self._numbers[number])
        self.down.send(number)

    def _at_device(self, item: Message | int) -> None:
        if isinstance(item, Message):
            self._arrived.put_nowait(item)
        elif not (acked := self._acks[item]).done():
            acked.set_result(True)

    def _look(self) -> None:
        """Whoever hears nothing for its keepalive gives the connection up."""
        cuts = [line.cuts for line in self._lines]
        if not all(line.up for line in self._lines):
            wait_s = self._net.chance.uniform(*KEEPALIVE_S)
            asyncio.get_running_loop().call_later(wait_s, self._give_up, cuts)

    def _give_up(self, cuts: list[int]) -> None:
        silent = not all(line.up for line in self._lines)
        if silent and cuts == [line.cuts for line in self._lines]:
            self.end()


class SimBus:
    """A runtime.bus.Bus over such a network."""

    def __init__(
        self,
        net: Net,
        broker: Broker,
        device: str,
        topics: tuple[str, ...],
        will: Message | None = None,
    ) -> None:
        self._net = net
        self._broker = broker
        self.device = device
        self.topics = topics
        self.will = will
        self.session: Session | None = None
        self._arrived: asyncio.Queue[Connected | Message] = asyncio.Queue()

    @property
    def online(self) -> bool:
        return self.session is not None

    async def run(self) -> None:
        pause_s = 0.25
        while True:
            if self._broker.alive and self._net.both_up(self.device, BROKER):
                pause_s = 0.25
                self.session = Session(self._net, self._broker, self, self._arrived)
                self._arrived.put_nowait(Connected())
                try:
                    await self.session.ended.wait()
                finally:
                    self.session.end()
                    self.session = None
            await asyncio.sleep(pause_s * self._net.chance.uniform(0.5, 1))
            pause_s = min(pause_s * 2, 5.0)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        session = self.session
        return session is not None and await session.publish(Message(topic, payload, retain))

    async def messages(self) -> AsyncIterator[Connected | Message]:
        while True:
            yield await self._arrived.get()


def _matches(wanted: str, topic: str) -> bool:
    if wanted == topic:
        return True
    ours, theirs = wanted.split("/"), topic.split("/")
    return len(ours) == len(theirs) and all(
        a in ("+", b) for a, b in zip(ours, theirs, strict=True)
    )
