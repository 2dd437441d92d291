"""Do the broker and central answer, and do they let this device in?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from runtime.mqtt import try_broker
from runtime.service import utc_now
from wicket import own_certificate
from wicket.doctor.finding import Examined, Finding, ok, warning, wrong

PATIENCE_S = 3.0
ASKED = "/v1/feed?after=0&limit=1"
ASKED_BY_DESK = "/v1/desk/jobs"
MUCH_LEFT = timedelta(days=60)
RENEW = "issue one and copy it here: wicket certificates issue --help"
MUCH_APART = timedelta(seconds=30)
LET_IN, NOT_LET_IN = 200, (401, 403)


def broker(it: Examined) -> Iterator[Finding]:
    """Connects under a name of its own, so that the daemon keeps its session."""
    if it.settings is None or not hasattr(it.settings, "mqtt"):
        return
    settings = it.settings.mqtt
    where = f"broker at {settings.host}:{settings.port}"
    if problems := own_certificate.problems(it.settings, utc_now()):
        for problem in problems:
            yield wrong(problem, RENEW)
        return
    try:
        asyncio.run(try_broker(settings, PATIENCE_S))
    except ConnectionError as error:
        yield wrong(f"{where}: {error}", settings.hint)
    else:
        yield ok(f"{where} lets us in{f' as {settings.username}' if settings.username else ''}")
    if settings.tls and (left := own_certificate.time_left(settings.tls, utc_now())) < MUCH_LEFT:
        yield warning(f"our certificate for the broker ends in {left.days} days", RENEW)


def central(it: Examined) -> Iterator[Finding]:
    if it.settings is None:
        return
    if it.daemon == "central":
        host, port = it.settings.http.host, it.settings.http.port
        yield _health("127.0.0.1" if host in ("0.0.0.0", "::") else host, port)  # noqa: S104
    else:
        asked = ASKED_BY_DESK if it.daemon == "desk" else ASKED
        yield from _as_device(it.settings.central.url, it.settings.central.token, asked)


def _health(host: str, port: int) -> Finding:
    try:
        status, _ = _get(f"http://{host}:{port}", "/health", "")
    except (OSError, HTTPException) as error:
        return warning(f"nobody answers at {host}:{port} ({error})", "start wicket-central")
    if status != LET_IN:
        return wrong(f"central is not well: it answers {status}", "see its log")
    return ok(f"central answers at {host}:{port}")


def _as_device(url: str, token: str, asked: str) -> Iterator[Finding]:
    try:
        status, date = _get(url, asked, token)
    except (OSError, HTTPException) as error:
        cure = "is [central] url right, does central run, does its [http] host let others in?"
        yield wrong(f"central at {url}: {error}", cure)
        return
    if status in NOT_LET_IN:
        cure = "set [central] token to this device's token in central.toml"
        yield wrong(f"central at {url} does not know our token", cure)
        return
    if status != LET_IN:
        cure = "is that central, and of the same version?"
        yield wrong(f"central at {url} answers {status}", cure)
        return
    yield ok(f"central at {url} lets us in")
    yield from _compare(date)


def _compare(date: str) -> Iterator[Finding]:
    """`date`: of the answer, in whole seconds."""
    try:
        apart = utc_now() - parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return
    seconds = apart.total_seconds()
    said = f"this clock is {abs(seconds):.0f} s {'behind' if seconds < 0 else 'ahead of'} central's"
    if abs(apart) > MUCH_APART:
        yield wrong(said, "synchronise both with the same time server")
    else:
        yield ok(said)


def _get(url: str, path: str, token: str) -> tuple[int, str]:
    """(status, date). Raises OSError, HTTPException."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer: HTTPResponse = connection.getresponse()
        return answer.status, answer.getheader("Date", "")
    finally:
        connection.close()
