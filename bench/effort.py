"""What a scan costs the processor: admitted, refused for any reason, forged by the hundred.

A flush costs the processor too, inside the kernel; these lanes write, but flush nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from statistics import median
from time import process_time

from admission.codes import SigningKey
from bench import bare
from bench.figure import Figure, Plan, Sample, figure, in_turns
from bench.lanes import AtWork, Unflushed, at_work
from bench.sample import FEW, KEY, OPENED, fresh_code, listed_code

NAME = "CPU of a scan"
FORGER = SigningKey(KEY.id, bytes(32), OPENED)
KEYS = [KEY, *(SigningKey(n, bytes([n]) * 32, OPENED) for n in range(2, 21))]
UNKNOWN_KEY = SigningKey(99, bytes(32), OPENED)
LIMIT_S = 60e-6
REFUSED: dict[str, Callable[[], str]] = {
    "unknown": lambda: fresh_code(UNKNOWN_KEY),
    "used": lambda: listed_code(0),
    "forged": lambda: fresh_code(FORGER),
    "garbage": lambda: "4006381333931",
}
NAMES = (NAME, *(f"refusal, {kind}" for kind in REFUSED), "wrong signature, 20 keys")
ADMISSION = "the CPU time from scan to release; neither side flushes"


async def measure(plan: Plan) -> list[Figure]:
    async with (
        at_work(plan.folder / "one key", tickets=FEW, kind=Unflushed) as one,
        at_work(plan.folder / "many keys", tickets=FEW, keys=KEYS, kind=Unflushed) as many,
    ):
        refusals = [refused(one, code) for code in REFUSED.values()]
        things = admitted(one), bare.check_signature(), *refusals, refused(many, REFUSED["forged"])
        measured = await in_turns(things, plan.rounds, 20 if plan.quick else 50)
    rounds = [[median(samples) for samples in turn] for turn in measured]
    effort = [(ours, verify + LIMIT_S) for ours, verify, *_ in rounds]
    return [
        figure(
            NAME,
            effort,
            against="one signature's check + 60 us; a lane that slept, its wake-up too, no flush",
            unit="us",
            aim=1.0,
        ),
        *(
            figure(
                f"refusal, {kind}",
                [(turn[n], turn[0]) for turn in rounds],
                against=ADMISSION,
                unit="us",
                aim=1.2,
            )
            for n, kind in enumerate(REFUSED, 2)
        ),
        figure(
            NAMES[-1],
            [(turn[-1], turn[4]) for turn in rounds],
            against="the same where one key is known",
            unit="us",
            aim=1.1,
        ),
    ]


def admitted(lane: AtWork) -> Sample:
    """From a code on the scanner's wire to the release, all threads."""
    numbers = count()

    async def admit() -> float:
        code = listed_code(next(numbers))
        begun = process_time()
        await lane.scan(code)
        took = process_time() - begun
        await lane.walk()
        await lane.written()
        return took

    return admit


def refused(lane: AtWork, code: Callable[[], str]) -> Sample:
    """From a code on the wire to the refusal in the file, all threads."""

    async def refuse() -> float:
        shown = code()
        begun = process_time()
        await lane.refuse(shown)
        return process_time() - begun

    return refuse
