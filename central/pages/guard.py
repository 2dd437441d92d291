"""Headers of every page, and whether a post comes from a page of ours."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

COOKIE = "wicket-office"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def own_page(headers: Mapping[str, str], host: str) -> bool:
    """Whether a post was made by a page of this server: every browser tells that by
    Sec-Fetch-Site, or, where a page did not come by https, by Origin."""
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False
