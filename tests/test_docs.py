"""The documents are true: what they name exists, their lists are whole, their examples load."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import yaml  # type: ignore[import-untyped]

from admission.facts import Clash, Side
from admission.foreign import ForeignItem, ForeignShop
from admission.reasons import Reason, explain
from admission.request import Denied
from admission.values import (
    CutOff,
    Entitlement,
    IssuerKey,
    Money,
    Product,
    Ticket,
    TicketState,
    Validation,
    Window,
)
from hal import ports
from hal.registry import DRIVERS, Devices
from hal.sim.stage import Stage
from runtime import mqtt
from runtime.convert import structure, unstructure
from runtime.settings import load
from runtime.topics import Topics
from runtime.wire import KINDS, fact_from_data, fact_to_data
from wicket.daemons import DAEMONS

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PACKAGES = ("admission", "runtime", "hal", "gate", "kiosk", "central", "wicket")
FOLDERS = (*PACKAGES, "config", "docs", "scripts", "systemd", "tests")

ASKED = {"P": 9, "R": 4, "O": 8, "C": 10, "K": 5}
"""Letter → how many lines it has."""

OF_A_DEVICE = {"facts", "ack", "status", "command", "result"}
ENVELOPE = {"device", "number", "at", "kind"}
OPTIONAL = {"v"}
VALUES = (Entitlement, ForeignItem, ForeignShop, IssuerKey, Money, Product, Side, Ticket, Window)
ENUMS = (Clash, CutOff, Reason, TicketState, Validation)


def page(name: str) -> str:
    return (DOCS / name).read_text()


def rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named_files(text: str) -> set[str]:
    """What stands in backticks and looks like a file of ours; a `{…}` or `*` names no one file."""
    words = re.findall(r"`([\w./-]+)`", text)
    return {word for word in words if word.split("/")[0] in FOLDERS and "/" in word}


def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(page("asyncapi.yaml"))
    return document


def test_there_are_the_six_documents() -> None:
    names = {"architecture", "glossary", "decisions", "coverage", "handbook", "office"}
    assert names <= {path.stem for path in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(path: Path) -> None:
    assert [name for name in named_files(path.read_text()) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_table_has_rows_of_one_width(path: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", path.read_text(), re.MULTILINE)
    assert [table for table in tables if len({len(row) for row in rows(table)}) != 1] == []


def test_coverage_has_every_line_once() -> None:
    ids = [row[0] for row in rows(page("coverage.md")) if re.fullmatch(r"[A-Z]\d+", row[0])]
    assert ids == [f"{letter}{n}" for letter, count in ASKED.items() for n in range(1, count + 1)]


def test_what_is_covered_names_a_test_and_what_is_not_names_none() -> None:
    for row in rows(page("coverage.md")):
        if re.fullmatch(r"[A-Z]\d+", row[0]):
            id_, _, today, tests, *pictures = row
            if today.startswith("Not yet"):
                assert tests == "-", id_
            else:
                assert named_files(tests), id_
                assert id_[0] == "K" or "pictures/walks/" in pictures[0], id_


def test_the_code_uses_the_words_of_the_glossary() -> None:
    sources = [file.read_text() for name in PACKAGES for file in (ROOT / name).rglob("*.py")]
    known = {word for source in sources for word in re.findall(r"\w+", source)}
    entries = [row for row in rows(page("glossary.md")) if len(row) == 3]
    unused = {row[0]: word for row in entries for word in re.findall(r"`(\w+)`", row[2])}
    assert {entry: word for entry, word in unused.items() if word not in known} == {}


def test_no_word_of_the_glossary_has_two_entries() -> None:
    words = [word for row in rows(page("glossary.md")) for word in row[0].lower().split(", ")]
    heads = ("word", "---")
    ours = [word for word in words if word not in heads]
    assert len(ours) == len(set(ours))


def test_every_reason_is_in_the_handbook_as_the_display_says_it() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    told = {row[0].strip("`"): row[1] for row in rows(page("handbook.md"))}
    for reason in Reason:
        shown = explain(Denied(reason, at=noon, where="North 1"), noon, ZoneInfo("UTC"))
        assert shown.startswith(told[reason.value].removesuffix("…")), reason


def options(port: str) -> Iterator[tuple[str, str, str]]:
    """(driver, option, default) as the handbook's section on that port tells them."""
    section = page("handbook.md").split(f"### {port}\n")[1].split("\n#")[0]
    for driver, option, default, _ in (row for row in rows(section) if len(row) == 4):
        if driver.startswith("`"):
            yield driver.strip("`"), option.strip("`"), default.strip("`")


def default_of(option: Field[Any]) -> str:
    if option.default is MISSING:
        return "required"
    if option.default is None:
        return "none"
    return json.dumps(unstructure(option.default))


@pytest.mark.parametrize("port", DRIVERS, ids=lambda port: port.__name__)
def test_the_handbook_has_every_option_of_every_driver(port: type[Any]) -> None:
    expected = set()
    for driver, where in DRIVERS[port].items():
        module, _, name = where.partition(":")
        known = fields(getattr(import_module(module), name).Options)
        expected |= {(driver, option.name, default_of(option)) for option in known}
        expected |= set() if known else {(driver, "-", "-")}
    assert set(options(port.__name__)) == expected


def test_the_handbooks_devices_can_be_built() -> None:
    kinds = {
        "reader": ports.CodeReader,
        "display": ports.LaneDisplay,
        "turnstile": ports.Turnstile,
        "printer": ports.TicketPrinter,
        "terminal": ports.PaymentTerminal,
        "latch_in": ports.OutputLine,
        "latch_out": ports.OutputLine,
        "lamp": ports.OutputLine,
    }

    devices = Devices(structure, Stage())
    tables: dict[str, Any] = {}
    for block in re.findall(r"```toml\n(.*?)```", page("handbook.md"), re.DOTALL):
        tables |= tomllib.loads(block)
    assert tables.keys() == kinds.keys()
    for name, table in tables.items():
        assert devices.build(kinds[name], name, table).name == name


def test_the_turnstiles_of_the_wiring_page_can_be_built() -> None:
    devices, built = Devices(structure, Stage()), set()
    for block in re.findall(r"```toml\n(.*?)```", page("wiring.md"), re.DOTALL):
        match tomllib.loads(block):
            case {"lanes": {"turnstile": table}}:
                devices.build(ports.Turnstile, "turnstile", table)
                built.add(table["driver"])
            case {"fire": {"input": table}}:
                devices.build(ports.InputLine, "fire", table)
    assert built == set(DRIVERS[ports.Turnstile])


def test_the_samples_that_the_handbook_begins_with_are_read_without_an_error() -> None:
    for name in DAEMONS:
        module, _, settings = DAEMONS[name].settings.partition(":")
        assert load(ROOT / "config" / f"{name}.toml", getattr(import_module(module), settings))


def test_the_mqtt_channels_are_the_topics() -> None:
    topics = Topics("{site}")
    named: list[Callable[[str], str]] = [topics.facts, topics.ack, topics.status]
    named += [topics.command, topics.result]
    public = {name for name in vars(Topics) if not name.startswith("_")}
    assert public - {"site", "device_of"} == {"feed", "alert", *OF_A_DEVICE}
    addresses = {channel["address"] for channel in asyncapi()["channels"].values()}
    assert addresses == {topics.feed, topics.alert, *(name("{device}") for name in named)}


def test_every_mqtt_operation_has_the_quality_of_service_that_is_used() -> None:
    document = asyncapi()
    bindings = [operation["bindings"]["mqtt"] for operation in document["operations"].values()]
    server = document["servers"]["venue"]["bindings"]["mqtt"]
    assert {binding["qos"] for binding in [*bindings, server["lastWill"]]} == {mqtt.QOS}
    assert server["keepAlive"] == mqtt.KEEPALIVE_S


def test_the_mqtt_facts_are_those_of_the_wire_field_by_field() -> None:
    schemas = asyncapi()["components"]["schemas"]
    listed = [one["$ref"].rpartition("/")[2] for one in schemas["Fact"]["oneOf"]]
    assert listed == list(KINDS)
    for kind, event in KINDS.items():
        assert schemas[kind]["properties"]["kind"] == {"const": kind}
        assert shape(schemas[kind]) == shape_of(event, ENVELOPE, OPTIONAL), kind


@pytest.mark.parametrize("value", VALUES)
def test_the_mqtt_values_are_those_of_the_core(value: type[Any]) -> None:
    assert shape(asyncapi()["components"]["schemas"][value.__name__]) == shape_of(value)


@pytest.mark.parametrize("choice", ENUMS)
def test_the_mqtt_choices_are_those_of_the_core(choice: type[Enum]) -> None:
    schema = asyncapi()["components"]["schemas"][choice.__name__]
    assert schema["enum"] == [member.value for member in choice]


def shape(schema: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """(properties, those of them that are required)."""
    return set(schema["properties"]), set(schema["required"])


def shape_of(
    kind: type[Any], more: Set[str] = frozenset(), optional: Set[str] = frozenset()
) -> Any:
    known = fields(kind)
    required = {field.name for field in known if field.default is MISSING}
    return {field.name for field in known} | more | optional, required | more


def test_every_reference_in_the_mqtt_document_resolves() -> None:
    document = asyncapi()
    references = list(_references(document))
    assert references
    for reference in references:
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _references(one)


def test_the_examples_of_mqtt_facts_are_read() -> None:
    messages = asyncapi()["components"]["messages"]
    told = [fact for e in messages["facts"]["examples"] for fact in e["payload"]["facts"]]
    fed = [one["fact"] for e in messages["batch"]["examples"] for one in e["payload"]["entries"]]
    assert told
    assert fed
    for data in told + fed:
        assert fact_to_data(fact_from_data(data)) == data


def test_the_http_document_is_one() -> None:
    document = yaml.safe_load(page("openapi.yaml"))
    assert document["openapi"].startswith("3.")
    assert document["paths"]
