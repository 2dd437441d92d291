"""How central reaches people: SMS gateway and mail server (config/central.toml)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import Enum
from urllib.parse import urlsplit

MAX_TIMEOUT_S = 120
HERE = ("localhost", "127.0.0.1", "::1")


class Method(Enum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"


@dataclass(frozen=True)
class HttpGateway:
    """An SMS gateway that takes one HTTP request for each message. In `url`, `headers`, `json` and
    `form` stand {to} (+4915123456789), {text} and {id}, which stays the same when it is sent again.

    It went well if the answer's status is 2xx and, if `ok` is told, the answer has that text, or,
    for "/pointer=value", its JSON has that value there (RFC 6901).
    """

    url: str
    method: Method = Method.POST
    headers: Mapping[str, str] = field(default_factory=dict)
    json: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    ok: str = ""
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        check_url(self.url)
        check_timeout(self.timeout_s)
        if self.json and self.form:
            raise ValueError("write either json or form")
        if self.json:
            try:
                json.loads(self.json)
            except ValueError as error:
                raise ValueError(f"json: that is none: {error}") from error
        told = " ".join((self.url, self.json, *self.form.values()))
        for needed in ("{to}", "{text}"):
            if needed not in told:
                raise ValueError(f"{needed} has to stand in url, json or form")
        if any(re.search(r"[\r\n]", name + value) for name, value in self.headers.items()):
            raise ValueError("headers: no line breaks")


@dataclass(frozen=True)
class SmsSettings:
    """Exactly one of `http` and `apprise` (an Apprise URL with {to} in it). `country` ("DE") is
    where numbers are that are typed without +."""

    http: HttpGateway | None = None
    apprise: str = ""
    country: str = ""
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        check_timeout(self.timeout_s)
        if bool(self.http) == bool(self.apprise):
            raise ValueError("write either http = {…} or apprise = …")
        if self.apprise and "{to}" not in self.apprise:
            raise ValueError("apprise: {to} has to stand where the phone number goes")
        if self.country and not re.fullmatch("[A-Z]{2}", self.country):
            raise ValueError(f"country: {self.country!r} should be like 'DE' (ISO 3166)")


class Tls(Enum):
    """none: only to a server on the same computer. starttls: usually port 587. tls: port 465."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True)
class EmailSettings:
    """`sender` is like "Harbour Museum <tickets@museum.org>"."""

    host: str
    sender: str
    port: int = 587
    tls: Tls = Tls.STARTTLS
    username: str = ""
    password: str = ""
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        check_timeout(self.timeout_s)
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port: {self.port} is not within 1 to 65535")
        if bool(self.username) != bool(self.password):
            raise ValueError("write both username and password, or none")
        if self.password and self.tls is Tls.NONE and self.host not in HERE:
            raise ValueError("tls: a password goes over a network by starttls or tls only")
        if not is_address(parseaddr(self.sender)[1]) or re.search(r"[\r\n]", self.sender):
            raise ValueError(f"sender: {self.sender!r} should be like 'Museum <post@museum.org>'")


def is_address(text: str) -> bool:
    """Whether mail can be sent there, as far as a look at it tells."""
    return len(text) <= 254 and bool(_ADDRESS.fullmatch(text))


def check_url(url: str) -> None:
    """Raises ValueError, which does not repeat it: a token may be in it."""
    parts, needed = urlsplit(url), "url: should be like 'https://sms.example.org/send'"
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise ValueError(needed)
    try:
        parts.port  # noqa: B018 - it is parsed now
    except ValueError:
        raise ValueError(needed) from None


def check_timeout(seconds: float) -> None:
    """Raises ValueError."""
    if not 1 <= seconds <= MAX_TIMEOUT_S:
        raise ValueError(f"timeout_s is 1 to {MAX_TIMEOUT_S}")


_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\\x00-\x1f]{1,64}@[^\s@<>()\[\],;:\"\\\x00-\x1f]+")
