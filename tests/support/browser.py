"""Debian's Chromium without a window, for as long as a block runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright, expect

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE_MS = 20_000
"""For all that a test waits for in a browser: the machine may be busy."""
expect.set_options(timeout=PATIENCE_MS)


@asynccontextmanager
async def chromium(width: int = 1440, height: int = 1000) -> AsyncIterator[Page]:
    """A fresh page in a fresh profile."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=list(QUIET)
        )
        try:
            page = await browser.new_page(viewport={"width": width, "height": height})
            page.context.set_default_timeout(PATIENCE_MS)
            yield page
        finally:
            await browser.close()
