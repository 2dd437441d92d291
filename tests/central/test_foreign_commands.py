"""`wicket central import-list` and `import-revoked`, as an operator uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.central import NOW, Client, empty_sqlite
from support.pretix import ITEM, payload, sign
from support.program import ROOT
from support.workers import config_in

from admission.foreign import foreign_ticket_id
from central.catalogue import venues
from central.foreign import lists
from central.foreign.imports import Wanted
from central.foreign.lists import Overview
from central.foreign.revoked_file import codes_of
from central.sale.states import By
from central.settings import CentralSettings
from central.store.database import make_engine
from runtime.settings import BadSettings, load
from wicket.central_foreign import Asked, import_list, import_revoked

DAY = ("2026-12-01", "2026-12-01")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Central's settings, with a venue in its database."""
    url = empty_sqlite(tmp_path / "central.sqlite")
    config = config_in(tmp_path, url)
    engine = make_engine(url)
    with engine.begin() as connection:
        venues.begin(connection, load(config, CentralSettings).venue, By("test", NOW))
    engine.dispose()
    return config


def bring(
    config: Path, content: str | bytes, *, dry_run: bool = False, **wanted: bool
) -> tuple[int, list[str]]:
    """(exit code, what it says) of importing a file with this content."""
    file = config.parent / "partner.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    said: list[str] = []
    asked = Asked(file, Wanted("partner", 1, **wanted), *DAY)
    return import_list(config, asked, said.append, dry_run=dry_run), said


def overview(config: Path) -> list[Overview]:
    engine = make_engine(load(config, CentralSettings).database_url)
    with engine.begin() as connection:
        return lists.overviews(connection)


def test_a_long_list_is_imported_in_pieces_and_again_for_nothing(config: Path) -> None:
    count = 12 * lists.PIECE + 3
    rows = [f"CODE-{n}" for n in range(count)]
    text = "\r\n".join(["code", *rows])
    assert bring(config, text, dry_run=True) == (
        0,
        [f"{count} tickets are good, 0 wrong; nothing was imported"],
    )
    assert overview(config) == []
    done = f"partner: {count} new, 0 changed, 0 as they were, 0 cancelled, 0 skipped"
    assert bring(config, text) == (0, [f"10000 of {count}", done])
    same = f"partner: 0 new, 0 changed, {count} as they were, 0 cancelled, 0 skipped"
    assert bring(config, text)[1][-1] == same
    fewer = "\n".join(["code", *rows[1500:]])
    assert bring(config, fewer, complete=True)[1][-1].endswith("1500 cancelled, 0 skipped")
    [one] = overview(config)
    assert (one.tickets, one.cancelled) == (count, 1500)


def test_all_wrong_lines_are_told_with_their_number_and_no_code(config: Path) -> None:
    text = "code;persons;reference\nGOOD-CODE;1\nBAD-CODE;0\nab;1\nCODE-5;1;a\0b\n"
    code, said = bring(config, text)
    assert (code, said) == (
        1,
        [
            "line 3: persons: 1 to 255",
            "line 4: '…': no foreign code of 4 to 256 characters",
            "line 5: reference: no control characters",
            "3 lines are wrong, nothing was imported",
        ],
    )
    assert overview(config) == []
    assert bring(config, text, skip_wrong=True)[0] == 0
    assert overview(config)[0].tickets == 1


@pytest.mark.parametrize(
    "content",
    [
        "code;valid_from;reference\nÄÖ-1;2026-12-01;Müller\n".encode("utf-8-sig"),
        "code\tvalid_from\treference\r\nÄÖ-1\t01.12.2026 00:00\tMüller\r\n".encode("utf-16"),
        b'Code , reference\n"\xc3\x84\xc3\x96-1","M\xc3\xbcller"\n',
    ],
)
def test_what_spreadsheets_write_is_read(config: Path, content: bytes) -> None:
    assert bring(config, content)[0] == 0
    engine = make_engine(load(config, CentralSettings).database_url)
    with engine.begin() as connection:
        [row] = connection.exec_driver_sql("SELECT ticket, reference FROM foreign_ticket")
    assert tuple(row) == (foreign_ticket_id("ÄÖ-1"), "Müller")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("code\nM\xfcller\n".encode("latin-1"), "not in UTF-8"),
        (b"", "the first line names the columns"),
        (b"name\nABCD\n", "the first line names the columns"),
        (b'code\n"ABCD\n', "no CSV"),
        (b"PK\x03\x04\0\0\0", "the first line names the columns"),
    ],
)
def test_what_is_no_table_is_told_with_its_file(config: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadSettings, match=f"partner.csv: .*{said}"):
        bring(config, content)


def test_an_import_that_was_interrupted_is_finished_by_the_next(config: Path) -> None:
    text = "\n".join(["code", *(f"CODE-{n}" for n in range(2 * lists.PIECE))])
    engine = make_engine(load(config, CentralSettings).database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER cut BEFORE INSERT ON foreign_ticket WHEN NEW.ticket ="
            f" {foreign_ticket_id(f'CODE-{lists.PIECE}')}"
            " BEGIN SELECT RAISE(ABORT, 'the power went'); END"
        )
    with pytest.raises(Exception, match="the power went"):
        bring(config, text)
    assert [(one.tickets, one.imported_at) for one in overview(config)] == [(lists.PIECE, None)]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER cut")
    assert bring(config, text)[1][-1].startswith("partner: 1000 new, 0 changed, 1000 as they")
    assert overview(config)[0].imported_at


async def test_a_running_central_tells_of_what_the_commands_import(
    office: Client, tmp_path: Path, database_url: str
) -> None:
    config = config_in(tmp_path, database_url)
    said: list[str] = []
    (tmp_path / "partner.csv").write_text("code\nAAAA\nBBBB\n")
    asked = Asked(tmp_path / "partner.csv", Wanted("partner", 1), *DAY)
    assert import_list(config, asked, said.append, dry_run=False) == 0
    (tmp_path / "revoked").write_text("BBBB\n\nCCCC\n")
    for new in (2, 0):
        assert import_revoked(config, tmp_path / "revoked", said.append) == 0
        assert said[-1] == f"2 codes are revoked, {new} of them since now"
    [one] = (await office.get("/v1/lists"))["lists"]
    assert (one["tickets"], one["blocked"]) == (2, 1)
    assert (await office.get("/v1/tickets/BBBB"))["foreign"]["state"] == "blocked"


def test_the_commands_read_standard_input(config: Path) -> None:
    def run(*words: str | Path, told: str) -> tuple[int, str]:
        command = (sys.executable, "-m", "wicket", "central", *words, "--config", config, "-")
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60, input=told
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    day = ("--product", "1", "--from", DAY[0], "--until", DAY[1])
    code, said = run("import-list", *day, "--name", "p", told="code\nABCD\n")
    assert (code, said) == (0, "p: 1 new, 0 changed, 0 as they were, 0 cancelled, 0 skipped\n")
    assert run("import-list", *day, told="code\nABCD\n")[0] == 2
    assert run("import-revoked", told="{}") == (78, "-: a page has a list `results`\n")


def test_revoked_codes_come_in_lines_or_as_pretix_tells_them() -> None:
    signed = sign(payload(ITEM))
    page = json.dumps({"count": 2, "next": None, "results": [{"id": 7, "secret": signed}]})
    assert codes_of(f" {signed}\r\n\nABCD ") == [signed, "ABCD"]
    assert codes_of(f"{page}\n{page}\n") == [signed, signed]
    assert codes_of(json.dumps([{"secret": "ABCD"}])) == ["ABCD"]
    assert codes_of("") == codes_of("[]") == []


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", '{"results": 7}', '[{"secret": 7}]', "[] x", "TK-0000-0000", "abc", "[" * 10**5],
)
def test_what_revokes_nothing_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"code|JSON|results"):
        codes_of(text)
