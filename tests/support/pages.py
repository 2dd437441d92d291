"""Walking over all pages of central by their links."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from aiohttp import web
from playwright.async_api import Page
from support.axe import serious

STREAMS = ("/office/desk/scans",)
"""They have no end."""


def patterns(app: web.Application) -> dict[str, web.AbstractResource]:
    """Route as it is written → resource, of all that a browser may get."""
    return {
        route.resource.canonical: route.resource
        for route in app.router.routes()
        if route.resource and route.method == "GET"
    }


@dataclass
class Walk:
    """What was seen: route → an address of it that was looked at; what was wrong with pages."""

    app: web.Application
    seen: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    async def all_from(self, page: Page, *starts: str) -> None:
        """Look at one page of every route that links lead to."""
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on(
            "console", lambda m: m.type == "error" and self.wrong.append(f"{page.url}: {m.text}")
        )
        waiting = deque(starts)
        while waiting:
            address = waiting.popleft()
            pattern = await self._pattern(address)
            if pattern is None or pattern in self.seen:
                continue
            self.seen[pattern] = address
            answer = await page.request.get(address)
            if answer.status >= 400:
                self.wrong.append(f"{address}: answers {answer.status}")
            if answer.status >= 400 or "text/html" not in answer.headers["content-type"]:
                continue
            await page.goto(address)
            self.wrong += [f"{address}: {one}" for one in await serious(page)]
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
                self.wrong.append(f"{address}: wider than the screen")
            links = await page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
            waiting += [urljoin(address, link) for link in links]

    async def _pattern(self, address: str) -> str | None:
        parts = urlsplit(address)
        if parts.path in STREAMS:
            return None
        for canonical, resource in patterns(self.app).items():
            if resource._match(parts.path) is not None:
                return canonical
        return None
