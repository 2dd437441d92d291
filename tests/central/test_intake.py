"""What devices tell waits fairly: the present before the past, and each device in its turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from central.sync.ingest import Told
from central.sync.intake import AT_ONCE, KEPT, KEPT_OF_STRANGERS, ROOM, SHORT, Queues

KNOWN = frozenset({"gate-1", "gate-2", "gate-3"})
LONG = bytes(AT_ONCE)


def queues(*told: tuple[str, bytes]) -> Queues:
    made = Queues(KNOWN)
    for device, payload in told:
        assert made.put(Told(device, payload))
    return made


def devices(told: list[Told]) -> list[str]:
    return [one.device for one in told]


def test_what_is_told_now_does_not_wait_behind_what_was_kept() -> None:
    waiting = queues(*(("gate-1", LONG) for _ in range(KEPT)), ("gate-2", b"now"))
    assert devices(waiting.next()) == ["gate-2"]
    assert devices(waiting.next()) == ["gate-1"]
    waiting.put(Told("gate-2", b"now"))
    assert devices(waiting.next()) == ["gate-2"]


def test_neither_kind_keeps_the_other_waiting() -> None:
    waiting = queues(("gate-1", LONG), ("gate-1", LONG))
    turns = []
    for _ in range(4):
        waiting.put(Told("gate-2", b"now"))
        turns += devices(waiting.next())
    assert turns == ["gate-2", "gate-1", "gate-2", "gate-2", "gate-1"]


def test_devices_take_turns() -> None:
    waiting = queues(*((f"gate-{n}", LONG) for n in (1, 1, 1, 2, 2, 3)))
    turns = [devices(waiting.next())[0][-1] for _ in range(6)]
    assert "".join(turns) == "123121"
    assert not waiting.news.is_set()


def test_what_is_too_much_is_dropped_and_strangers_share_one_queue() -> None:
    waiting = Queues(KNOWN)
    many = ROOM // len(LONG)
    assert [waiting.put(Told("gate-1", LONG)) for _ in range(many + 1)][-2:] == [True, False]
    assert [waiting.put(Told("gate-2", LONG)) for _ in range(KEPT + 1)][-2:] == [True, False]
    strangers = [waiting.put(Told(f"stranger-{n}", b"")) for n in range(KEPT_OF_STRANGERS + 1)]
    assert strangers[-2:] == [True, False]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["gate-1", "gate-2", "x", "y"]), st.booleans()), st.none()
        ),
        max_size=60,
    )
)
def test_each_device_stays_in_its_order_and_nothing_that_was_kept_is_lost(
    steps: list[tuple[str, bool] | None],
) -> None:
    waiting = Queues(KNOWN)
    kept: list[Told] = []
    taken: list[Told] = []
    for number, step in enumerate(steps):
        if step:
            device, long = step
            told = Told(device, b"%d" % number + bytes(SHORT if long else 0))
            kept += [told] if waiting.put(told) else []
        elif waiting.news.is_set():
            taken += waiting.next()
    while waiting.news.is_set():
        some = waiting.next()
        assert some
        taken += some
    for device in {told.device for told in kept}:
        assert [t for t in taken if t.device == device] == [t for t in kept if t.device == device]
    assert len(taken) == len(kept)
