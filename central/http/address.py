"""From which network address a request comes."""

from __future__ import annotations

from ipaddress import ip_address

from aiohttp import web

LOOPBACK = ("127.0.0.1", "::1")


def address_of(request: web.Request, *, proxy: bool) -> str:
    """That of the peer. With `proxy` a web server on this computer stands before central: then the
    last address of X-Forwarded-For, which is the one that it saw itself."""
    remote = request.remote or ""
    told = ",".join(request.headers.getall("X-Forwarded-For", []))
    if not proxy or remote not in LOOPBACK or not told:
        return remote
    last = told.rpartition(",")[2].strip()
    try:
        return str(ip_address(last))
    except ValueError:
        return remote


def is_secure(request: web.Request, *, proxy: bool) -> bool:
    """Whether the browser speaks https, to us or to the proxy."""
    told = request.headers.get("X-Forwarded-Proto", "")
    return request.secure or (proxy and request.remote in LOOPBACK and told == "https")
