"""axe-core in the page that a browser shows."""

from __future__ import annotations

from importlib.resources import files

from playwright.async_api import Page

_SCRIPT = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_FOUND = ["violations"]
"""Of what else axe finds one example each: telling all takes it twice as long."""
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def serious(page: Page) -> list[str]:
    """What hinders somebody seriously or wholly: "rule: help: the element". Of the whole page: who
    has just pressed something may see the beginning of the next one."""
    await page.wait_for_load_state()
    await page.evaluate(_SCRIPT)  # not a script element, which the page's policy would refuse
    found = await page.evaluate(
        "([values, resultTypes]) =>"
        " axe.run(document, {runOnly: {type: 'tag', values}, resultTypes})",
        [_RULES, _FOUND],
    )
    assert found["passes"], "axe looked at nothing"
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
