"""SMS through a gateway that takes one plain HTTP request for each message."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from central.delivery.gateway import NotSent, Parcel, plain
from central.delivery.outbox import ONCE, UNBELIEVED
from central.delivery.settings import HttpGateway

MAX_ANSWER = 64 * 1024
LATER = (401, 408, 425, 429)
"""Statuses of 4xx that are not the message's fault."""


class HttpSms:
    def __init__(self, settings: HttpGateway, http: ClientSession) -> None:
        self._settings = settings
        self._http = http
        self._json = json.loads(settings.json) if settings.json else None

    async def send(self, parcel: Parcel) -> str:
        told, values = self._settings, {"to": parcel.to, "text": parcel.body, "id": parcel.id}
        headers = {name: _filled(value, values) for name, value in told.headers.items()}
        body: dict[str, Any] = {}
        if self._json is not None:
            body["json"] = _everywhere(self._json, values)
        elif told.form:
            body["data"] = {name: _filled(value, values) for name, value in told.form.items()}
        try:
            async with self._http.request(
                told.method.value,
                _filled(told.url, {name: quote(value, "") for name, value in values.items()}),
                headers=headers,
                allow_redirects=False,
                **body,
            ) as answer:
                content = await _read(answer.content)
                status = answer.status
        except TimeoutError as error:
            raise NotSent(f"the gateway did not answer within {told.timeout_s:g} s") from error
        except (ClientError, OSError, ValueError) as error:
            secret = isinstance(error, ValueError)  # it may repeat the URL, with its token
            why = type(error).__name__ if secret else plain(str(error))
            raise NotSent(f"the gateway cannot be reached: {why}") from error
        said = plain(f"{status} {content.decode(errors='replace')}")
        if 300 <= status < 500 and status not in LATER:
            raise NotSent(said, most=ONCE)
        if not 200 <= status < 300:
            raise NotSent(said)
        if not _is_ok(content, told.ok):
            raise NotSent(said, most=UNBELIEVED)
        return said


@asynccontextmanager
async def opened(settings: HttpGateway) -> AsyncIterator[HttpSms]:
    timeout = ClientTimeout(total=settings.timeout_s)
    async with ClientSession(timeout=timeout, cookie_jar=DummyCookieJar()) as http:
        yield HttpSms(settings, http)


async def _read(content: Any) -> bytes:
    """As much of the answer as is looked at."""
    read = b""
    while len(read) < MAX_ANSWER and (chunk := await content.read(MAX_ANSWER - len(read))):
        read += chunk
    return read


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Each {name} once: what a value holds is not filled again."""
    parts = template.split("{")
    done = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        done.append(values[name] + rest if brace and name in values else "{" + part)
    return "".join(done)


def _everywhere(data: Any, values: Mapping[str, str]) -> Any:
    match data:
        case str():
            return _filled(data, values)
        case list():
            return [_everywhere(one, values) for one in data]
        case dict():
            return {name: _everywhere(one, values) for name, one in data.items()}
    return data


def _is_ok(content: bytes, ok: str) -> bool:
    pointer, equals, value = ok.partition("=")
    if not (ok.startswith("/") and equals):
        return ok in content.decode(errors="replace")
    try:
        found = _at(json.loads(content), pointer)
    except (ValueError, KeyError, IndexError, RecursionError):
        return False
    return value in (found, json.dumps(found))


def _at(data: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points to. Raises ValueError, KeyError or IndexError."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list):
            data = data[int(name)]
        elif isinstance(data, dict):
            data = data[name]
        else:
            raise KeyError(name)
    return data
