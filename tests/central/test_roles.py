"""Who may use which page: docs/office.md says it, every page of every role keeps to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.central import Clock, central_in
from support.office import hire
from support.roles import OWN_PAGE, documented, filled, may_use, pages

from central.staff.roles import RIGHTS, Right, Role

OFFICE = Path(__file__).parents[2] / "docs" / "office.md"


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_use_the_pages_that_the_document_says(tmp_path: Path, role: Role) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central, role)
        told = documented(role)
        assert sorted(told) == pages(central), "see tests/support/roles.py"
        assert await may_use(central, role, told) == told


@pytest.mark.parametrize("right", Right)
def test_the_document_says_which_roles_have_a_right(right: Right) -> None:
    cells = " | ".join("yes" if right in RIGHTS[role] else "-" for role in Role)
    assert f"| {right.value} | {cells} |" in OFFICE.read_text(encoding="utf-8")


async def test_without_signing_in_every_page_is_shut(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        for method, path in pages(central):
            async with central.http.request(
                method, filled(central, path), headers=OWN_PAGE, allow_redirects=False
            ) as answer:
                assert answer.status == (401 if method == "POST" else 303), (method, path)
