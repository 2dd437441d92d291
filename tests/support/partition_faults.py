"""What goes wrong in a history: each kind of fault happens, lasts a while, and is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from support.partition_net import BROKER, CENTRAL, Noise
from support.samples import NOON

if TYPE_CHECKING:
    from support.partition_nodes import Node
    from support.partition_world import World

Fault: TypeAlias = Callable[["World"], Awaitable[None]]


async def _a_while(world: World) -> None:
    await asyncio.sleep(world.chance.choice((0.5, 2.0, 8.0, 25.0, 40.0)) * world.chance.random())


async def _cut(world: World, *ways: tuple[str, str]) -> None:
    world.note("net", "cut " + ", ".join(f"{a}>{b}" for a, b in ways))
    for from_, to in ways:
        world.net.set(from_, to, up=False)
    await _a_while(world)
    world.note("net", "whole " + ", ".join(f"{a}>{b}" for a, b in ways))
    for from_, to in ways:
        world.net.set(from_, to, up=True)


async def one_way(world: World) -> None:
    """A device, or central, is not heard, or does not hear."""
    one = world.chance.choice([*(node.name for node in world.nodes), CENTRAL])
    other = BROKER if one == CENTRAL else world.chance.choice((BROKER, CENTRAL))
    await _cut(world, world.chance.choice(((one, other), (other, one))))


async def device_alone(world: World) -> None:
    """A device loses its network."""
    name = _some(world).name
    await _cut(world, *((name, BROKER), (BROKER, name), (name, CENTRAL), (CENTRAL, name)))


async def long_alone(world: World) -> None:
    """Until it must have noticed, by whatever it goes."""
    name = _some(world).name
    far = world.chance.choice(((BROKER,), (BROKER, CENTRAL)))
    ways = [(name, other) for other in far] + [(other, name) for other in far]
    for from_, to in ways:
        world.net.set(from_, to, up=False)
    world.note("net", f"{name} is cut off for long")
    await asyncio.sleep(world.chance.uniform(60.0, 120.0))
    for from_, to in ways:
        world.net.set(from_, to, up=True)
    world.note("net", f"{name} is back")


async def split(world: World) -> None:
    """Some devices lose broker and central, the others do not."""
    nodes = world.chance.sample(world.nodes, world.chance.randint(1, len(world.nodes)))
    ways = [(n.name, far) for n in nodes for far in (BROKER, CENTRAL)]
    await _cut(world, *ways, *((far, name) for name, far in ways))


async def central_alone(world: World) -> None:
    """Central loses the broker, or the devices' HTTP, or both."""
    ways = [(CENTRAL, BROKER), (BROKER, CENTRAL)] if world.chance.random() < 0.7 else []
    if not ways or world.chance.random() < 0.5:
        ways += [(node.name, CENTRAL) for node in world.nodes]
    await _cut(world, *ways)


async def broker_killed(world: World) -> None:
    if world.broker.alive:
        world.note(BROKER, "killed, its memory wiped")
        world.broker.kill()
        await _a_while(world)
        if not world.broker.alive:
            world.broker.start()
            world.note(BROKER, "started")


async def broken_connection(world: World) -> None:
    sessions = world.broker.sessions
    if sessions:
        session = world.chance.choice(sessions)
        world.note(session.device, "its connection breaks")
        session.end()


async def central_killed(world: World) -> None:
    if world.central.alive:
        world.note(CENTRAL, "killed")
        world.central.kill()
        await _a_while(world)
        if not world.central.alive:
            world.central.start(world.group)
            world.note(CENTRAL, "started")


async def central_put_back(world: World) -> None:
    """A copy of its database is made; later that is put back."""
    copy = world.central.copy()
    world.note(CENTRAL, "copied")
    await _a_while(world)
    if world.central.alive:
        world.central.kill()
        world.central.restore(copy)
        world.note(CENTRAL, f"put back to {len(world.central.facts())} facts")
        world.central.start(world.group)


async def power_cut(world: World) -> None:
    """Of a device; or it is killed, which is the same to its disk."""
    node = _some(world)
    if node.alive:
        world.note(node.name, "power cut")
        node.stop()
        await _a_while(world)
        if not node.alive:
            node.start()
            world.note(node.name, "started")


async def disk_full(world: World) -> None:
    """What is told meanwhile is told to nobody; nobody comes in."""
    node = _some(world)
    if node.alive:
        disk = node.disk
        disk.fill(full=True)
        world.note(node.name, "its disk is full")
        await _a_while(world)
        disk.fill(full=False)
        world.note(node.name, "its disk takes something again")


async def clock_jumps(world: World) -> None:
    node = _some(world)
    in_1970 = datetime(1970, 1, 1, tzinfo=NOON.tzinfo) - world.now()
    hour = timedelta(hours=1)
    node.skew = world.chance.choice((hour, -hour, in_1970, timedelta(), timedelta(seconds=-40)))
    world.note(node.name, f"its clock is {node.skew} off")


async def noise(world: World) -> None:
    """Messages come twice, late, and overtake each other."""
    some = world.chance.random
    world.net.disturb(Noise(0.3 * some(), 0.3 * some(), 0.3 * some()))
    world.note("net", f"{world.net.noise}")
    await _a_while(world)
    world.net.disturb(Noise())
    world.note("net", "quiet")


FAULTS: dict[str, Fault] = {
    "one way": one_way,
    "device alone": device_alone,
    "long alone": long_alone,
    "split": split,
    "central alone": central_alone,
    "broker killed": broker_killed,
    "broken connection": broken_connection,
    "central killed": central_killed,
    "central put back": central_put_back,
    "power cut": power_cut,
    "disk full": disk_full,
    "clock jumps": clock_jumps,
    "noise": noise,
}


async def heal(world: World) -> None:
    """Everything is whole again from now on."""
    world.note("all", "healed")
    world.net.disturb(Noise())
    world.net.heal()
    if not world.broker.alive:
        world.broker.start()
    if not world.central.alive:
        world.central.start(world.group)
    for node in world.nodes:
        node.skew = timedelta()
        if not node.alive:
            node.start()
        if node.disk.full:
            node.disk.fill(full=False)


def _some(world: World) -> Node:
    return world.chance.choice(world.nodes)
