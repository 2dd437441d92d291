"""One history: a venue under faults, drawn from a seed. Then everything is healed and settles, and
the checkers (support/partition_checks.py) look at what came of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exception
from typing import Any

from support.clock import VirtualLoop
from support.partition_bus import Broker
from support.partition_central import CentralNode
from support.partition_checks import check_all
from support.partition_faults import FAULTS, heal
from support.partition_net import BROKER, CENTRAL, Net
from support.partition_nodes import GateNode, KioskNode, Node, Surroundings
from support.partition_visitors import Visitors
from support.samples import NOON

from gate import images

SETTLE_S = 240.0
"""Within so long after healing everything must have come together."""
LASTS_S = (10.0, 10.0, 20.0, 20.0, 20.0, 40.0, 40.0, 150.0)
LONG_S = 100.0
"""What lasts so long shows whether those who are cut off notice, and is otherwise quiet."""
LATECOMERS = 0.2
MEMORY = Path("/dev/shm")


class SimLoop(VirtualLoop):
    """No threads: what others do beside the loop is done on it, after a while."""

    chance = random.Random(0)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = self.create_future()

        def work() -> None:
            if done.done():
                return
            try:
                done.set_result(func(*args))
            except Exception as error:
                done.set_exception(error)

        self.call_later(self.chance.uniform(0.0001, 0.01), work)
        return done


@dataclass(frozen=True)
class Plan:
    """What a seed decides beforehand. `gates` None: by the seed."""

    seed: int
    gates: int | None = None
    kiosks: int | None = None
    lasts_s: float | None = None


@dataclass
class Outcome:
    """What came of a history; `wrong` is empty if all is well."""

    plan: Plan
    wrong: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"history of seed {self.plan.seed}:", *self.trace, "", *self.wrong]
        return "\n".join(lines)


class World:
    """The nodes of one history and what happens to them."""

    def __init__(self, plan: Plan, chance: random.Random, folder: Path) -> None:
        self.plan = plan
        self.chance = chance
        self.outcome = Outcome(plan)
        self._folder = folder
        self.copies: list[bytes] = []
        """Of central's database, to put back."""

    def note(self, who: str, what: str) -> None:
        now = asyncio.get_running_loop().time()
        self.outcome.trace.append(f"{now:9.3f} {who:8} {what}")

    def wrong(self, what: str) -> None:
        self.note("WRONG", what)
        self.outcome.wrong.append(what)

    def _crashed(self, who: str, error: BaseException) -> None:
        self.wrong(f"{who} crashed: " + "".join(format_exception(error)))

    def now(self) -> datetime:
        """The true time."""
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())

    @property
    def nodes(self) -> list[Node]:
        return [*self.gates, *self.kiosks]

    async def live(self) -> None:
        async with asyncio.TaskGroup() as group:
            self.group = group
            self._build(group)
            self.central.start(group)
            late = [gate for gate in self.gates[1:] if self.chance.random() < LATECOMERS]
            for node in self.nodes:
                if node not in late:
                    node.start()
            visitors = Visitors(self)
            await visitors.prepare()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lasts_s), asyncio.TaskGroup() as happening:
                    for way in (visitors.come(), *self._faults(), *map(self._comes_late, late)):
                        happening.create_task(way)
            await heal(self)
            await self._settle()
            check_all(self, visitors)
            for node in self.nodes:
                node.stop()
            self.central.kill()

    def _build(self, group: asyncio.TaskGroup) -> None:
        plan, chance = self.plan, self.chance
        few = chance.choice((2, 2, 3, 3, 4, 5))
        self.net, self.broker = Net(chance), Broker()
        self.central = CentralNode(
            self.net,
            self.broker,
            chance,
            self.now,
            folder=self._folder,
            crashed=self._crashed,
        )
        around = Surroundings(
            self.net,
            self.broker,
            self.central,
            chance,
            self.now,
            self.note,
            self._crashed,
            group,
            self._folder,
        )
        gates = few if plan.gates is None else plan.gates
        kiosks = chance.choice((0, 1, 1, 2)) if plan.kiosks is None else plan.kiosks
        self.gates = [GateNode(f"gate-{n}", around) for n in range(1, gates + 1)]
        self.kiosks = [KioskNode(f"kiosk-{n}", around) for n in range(1, kiosks + 1)]
        self._lasts_s = plan.lasts_s or chance.choice(LASTS_S)

    def _faults(self) -> list[Coroutine[Any, Any, None]]:
        """Some kinds of fault, each now and then."""
        if self._lasts_s >= LONG_S:
            return [self._suffer("long alone")]
        kinds = self.chance.sample(sorted(FAULTS), self.chance.randint(1, 5))
        return [self._suffer(kind) for kind in kinds]

    async def _comes_late(self, gate: GateNode) -> None:
        """It is new, and begins while others are at work; often while no acks come, so that it is
        told once more what its snapshot has."""
        await asyncio.sleep(self.chance.uniform(0.0, self._lasts_s / 2))
        acks = self.chance.random() < 0.5
        if not acks:
            self.net.set(CENTRAL, BROKER, up=False)
            await asyncio.sleep(self.chance.uniform(0.0, 4.0))
        gate.start()
        self.note(gate.name, f"started for the first time, {'with' if acks else 'without'} acks")
        await asyncio.sleep(self.chance.uniform(5.0, 9.0))
        self.net.set(CENTRAL, BROKER, up=True)

    async def _suffer(self, kind: str) -> None:
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / 12.0))
            self.outcome.faults[kind] += 1
            await FAULTS[kind](self)

    async def _settle(self) -> None:
        """Until everybody has everything, or for too long."""
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + SETTLE_S:
            await asyncio.sleep(1.0)
            head, epoch = self.central.ends()
            gates = all(gate.ledger.cursor == head for gate in self.gates)
            outboxes = [node.outbox for node in self.nodes]
            if gates and all((o.waiting, o.epoch) == (0, epoch) for o in outboxes):
                return
        behind = {gate.name: gate.ledger.cursor for gate in self.gates}
        waiting = {node.name: node.outbox.waiting for node in self.nodes}
        self.wrong(f"not settled: feed {head}, cursors {behind}, waiting {waiting}")


@contextmanager
def _taking_snapshots_from(behind: int) -> Iterator[None]:
    """A gate takes a snapshot that is more facts behind: no history is as long as a month."""
    usual, images.FAR_BEHIND = images.FAR_BEHIND, behind
    try:
        yield
    finally:
        images.FAR_BEHIND = usual


def run(plan: Plan) -> Outcome:
    """One history, from its seed alone."""
    chance = random.Random(plan.seed)
    folder_of = MEMORY if MEMORY.is_dir() else None
    loop = SimLoop()
    loop.chance = chance
    far_behind = chance.choice((10, images.FAR_BEHIND))
    with TemporaryDirectory(dir=folder_of) as folder, _taking_snapshots_from(far_behind):
        world = World(plan, chance, Path(folder))
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(world.live())
    return world.outcome
