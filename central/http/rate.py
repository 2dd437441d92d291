"""How often a client may write, and how often somebody may tell a wrong token: token buckets in
this worker's memory, a bounded number of them."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from aiohttp import web

from central.http.web import problem
from central.settings import Rate

MAX_BUCKETS = 4096
"""The bucket that was not used for the longest time gives way to a new one."""


WRONG_TOKENS = Rate(10 / 60, 10)
"""Of one network address."""


@dataclass
class _Bucket:
    left: float
    at: float


class Limiter:
    """One bucket for each name. `now` is in seconds of a clock that never goes back."""

    def __init__(self, rate: Rate, most: int = MAX_BUCKETS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, name: str, now: float) -> float:
        """0.0 for what may be done now, and is counted; else the seconds until it may."""
        bucket = self._buckets.setdefault(name, _Bucket(self._rate.burst, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        gained = (now - bucket.at) * self._rate.per_s
        bucket.left, bucket.at = min(self._rate.burst, bucket.left + gained), now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate.per_s
        bucket.left -= 1
        return 0.0


def too_often(seconds: float, detail: str) -> web.Response:
    """The answer to who has to wait so long."""
    answer = problem(429, "too_often", detail)
    answer.headers["Retry-After"] = str(math.ceil(seconds))
    return answer


def network_of(address: str) -> str:
    """Whoever has an IPv6 address has all of its /64."""
    try:
        told = ip_address(address)
    except ValueError:
        return address
    if told.version == 4:
        return address
    return str(IPv6Address(int(told) >> 64 << 64))
