"""Which role may use which page of the ticket office: as the pages answer, and as docs/office.md
says. `python tests/support/roles.py` prints the table for the document."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.central import Client, Clock, central_in  # noqa: E402
from support.office import PASSWORD, hire  # noqa: E402

from central.staff.roles import Role  # noqa: E402

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
DOCUMENT = ROOT / "docs" / "office.md"
_ROW = re.compile(r"^\| `(GET|POST) (/office\S*)` \|(.*)\|$", re.MULTILINE)

Page = tuple[str, str]
"""Method and path."""
SAMPLES = ("1", "museum", "location", "event", "png", "C-000001", "TK-7KQ4-M2XD", "css")
"""What may stand in a path."""


def documented(role: Role) -> dict[Page, bool]:
    """Page → whether the document lets this role use it."""
    column = list(Role).index(role)
    rows = _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {(m, path): cells.split("|")[column].strip() == "yes" for m, path, cells in rows}


def pages(central: Client) -> list[Page]:
    """Every page of staff, as it is routed; not what is open to all."""
    app = central.http.app
    assert app is not None
    found = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method in ("GET", "POST")
    }
    staffs = (page for page in found if page[1].startswith("/office"))
    return sorted(page for page in staffs if page[1] != "/office/sign-in")


async def sign_in(central: Client, name: str) -> dict[str, str]:
    """The headers by which a browser of this member asks."""
    form = {"name": name, "password": PASSWORD}
    async with central.http.post(
        "/office/sign-in", data=form, headers=OWN_PAGE, allow_redirects=False
    ) as answer:
        assert answer.status == 303, await answer.text()
        cookie = answer.cookies["wicket-office"]
    central.http.session.cookie_jar.clear()
    return OWN_PAGE | {"Cookie": f"{cookie.key}={cookie.value}"}


def filled(central: Client, path: str) -> str:
    """The address of a page, with something in place of each {name} that may stand there."""
    app, names = central.http.app, re.findall(r"\{[^}]*\}", path)
    assert app is not None
    [page, *_] = (one for one in app.router.resources() if one.canonical == path)
    for samples in product(SAMPLES, repeat=len(names)):
        address = path
        for name, sample in zip(names, samples, strict=True):
            address = address.replace(name, sample, 1)
        if page._match(address) is not None:
            return address
    raise AssertionError(f"nothing fits {path}; add to SAMPLES")


async def may_use(central: Client, role: Role, wanted: Iterable[Page]) -> dict[Page, bool]:
    """Page → whether this role may; what it asks for need not be there."""
    headers, may = await sign_in(central, role.value), dict[Page, bool]()
    for method, path in wanted:
        if path == "/office/sign-out":
            may[method, path] = True
            continue
        asked = filled(central, path)
        async with central.http.request(
            method, asked, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status < 500, (method, path, answer.status)
            assert answer.status != 401, (method, path)
            may[method, path] = answer.status != 403
    return may


async def _table() -> None:
    with TemporaryDirectory() as folder:
        async with central_in(Path(folder), Clock()) as central:
            await hire(central)
            found = pages(central)
            may = [await may_use(central, role, found) for role in Role]
    print("| Page |", " | ".join(role.value for role in Role), "|")
    print("|---|" + "---|" * len(Role))
    for page in found:
        cells = " | ".join("yes" if each[page] else "-" for each in may)
        print(f"| `{page[0]} {page[1]}` | {cells} |")


if __name__ == "__main__":
    asyncio.run(_table())
