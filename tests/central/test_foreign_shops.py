"""`[[pretix]]` in venue.toml: what is wrong with it, and what the gates hear of it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.central import CONFIG, NOW, Client
from support.clashes import store
from support.pretix import ITEM, KEY, PUBLIC_KEY, UNKNOWN, payload, sign
from support.samples import DAY_PASS, MUSEUM, TOUR

from admission.facts import Admitted, Fact
from admission.foreign import ForeignItem, ForeignShop, foreign_ticket_id
from admission.values import Product
from central.catalogue.venue import read_venue
from central.catalogue.venue_diff import differences
from central.foreign import shops
from central.sync import feed
from runtime.settings import BadSettings

TEXT = (CONFIG / "venue.toml").read_text()
PUBLIC = KEY.public_key().public_bytes_raw()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
OTHER_KIND = (
    generate_private_key(SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
SHOP = f"""
[[pretix]]
id = 1
name = "Web shop"
keys = ["{PUBLIC_KEY}"]
items = [{{ item = {ITEM}, product = 1 }}, {{ item = {ITEM}, variation = 5, product = 2 }}]
valid_from = "2026-11-21 09:00"
valid_until = "2026-11-22"
dates = [{{ subevent = 7, valid_from = "2026-12-01T10:00+00:00", valid_until = "2026-12-01" }}]
"""


async def bring(office: Client, text: str) -> dict[int, ForeignShop]:
    """The shops that gates know after this venue was imported (central/catalogue/imports.py)."""
    told = read_venue(text, "venue.toml").shops()
    await office.api.database.write(lambda c: shops.publish(c, told, NOW))
    return await office.api.database.read(shops.known)


def test_a_shop_is_told_in_utc() -> None:
    [shop] = read_venue(TEXT + SHOP, "v").shops()
    assert (shop.id, shop.name, shop.keys) == (1, "Web shop", (PUBLIC,))
    assert shop.items == (ForeignItem(ITEM, 1), ForeignItem(ITEM, 2, 5))
    windows = [shop.window, shop.window_of(7), shop.window_of(8)]
    told = [window and f"{window.start:%dT%H} {window.end:%dT%H}" for window in windows]
    assert told == ["21T08 22T23", "01T10 01T23", None]


def test_a_key_may_be_written_as_pem() -> None:
    assert shops.public_key(PUBLIC_KEY) == shops.public_key(PEM) == PUBLIC


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((PUBLIC_KEY, "LS0tLS1CRUdJTg=="), "is no Ed25519 key as pretix tells it"),
        ((f'"{PUBLIC_KEY}"', f'"""{OTHER_KIND}"""'), "is no Ed25519 key as pretix tells it"),
        ((f'["{PUBLIC_KEY}"]', "[]"), "keys: 1 to 5"),
        (("id = 1\n", "id = 0\n"), "1 to 65535"),
        (("product = 1 ", "product = 999 "), f"item {ITEM}: product 999 is no ticket"),
        (("variation = 5, ", ""), f"item {ITEM}, variation 0, is there 2 times"),
        (("2026-11-22", "2026-11-20"), "a window must end after it starts"),
        (('valid_until = "2026-11-22"\n', ""), "'' is no time"),
        (("2026-11-21 09:00", "soon"), "'soon' is no time"),
        (("2026-11-21 09:00", "1969-11-21"), "not within the years"),
    ],
)
def test_what_is_wrong_with_a_shop_is_told(change: tuple[str, str], said: str) -> None:
    assert change[0] in SHOP
    with pytest.raises(BadSettings) as bad:
        read_venue(TEXT + SHOP.replace(*change), "venue.toml")
    assert said in " ".join(bad.value.problems)


def test_ids_of_shops_differ() -> None:
    with pytest.raises(BadSettings, match="pretix id 1 is used 2 times"):
        read_venue(TEXT + SHOP + SHOP, "venue.toml")


def test_a_change_is_told_before_it_is_imported() -> None:
    old, new = read_venue(TEXT, "v"), read_venue(TEXT + SHOP, "v")
    assert [change.text for change in differences(old, new, {})] == [
        'the venue: web shop "Web shop" is new'
    ]


async def test_gates_hear_of_a_shop_once_and_when_it_changes_or_goes(office: Client) -> None:
    assert await bring(office, TEXT) == {}
    known = await bring(office, TEXT + SHOP)
    assert known[1].keys == (PUBLIC,)
    head = await office.api.database.read(feed.head)
    assert await bring(office, f"{TEXT}{SHOP}# the same\n") == known
    assert await office.api.database.read(feed.head) == head
    assert (await bring(office, TEXT + SHOP.replace("Web", "Our")))[1].name == "Our shop"
    assert (await bring(office, TEXT))[1].keys == ()
    assert (await bring(office, TEXT + SHOP))[1] == known[1]


async def test_a_signed_code_is_found_though_nobody_listed_it(office: Client) -> None:
    await bring(office, TEXT + SHOP)
    code = sign(payload(ITEM))
    path = f"/v1/tickets/{quote(code, safe='')}"
    found = (await office.get(path))["foreign"]
    assert (found["shop"], found["list"], found["product"]) == ("Web shop", "", 1)
    await office.post("/v1/revoked", {"codes": [code]})
    found = (await office.get(path))["foreign"]
    assert (found["shop"], found["state"], found["product"]) == ("Web shop", "blocked", 0)
    unknown = quote(sign(payload(UNKNOWN)), safe="")
    assert (await office.get(f"/v1/tickets/{unknown}", 404))["code"] == "unknown_ticket"


@pytest.mark.parametrize(
    ("items", "found"),
    [((MUSEUM,), 1), ((MUSEUM, TOUR), 1), ((DAY_PASS,), 0), ((MUSEUM, DAY_PASS), 0)],
)
def test_a_signed_code_that_two_gates_admitted_is_reported_if_all_say_once(
    items: tuple[Product, ...], found: int
) -> None:
    rows = tuple(ForeignItem(n, product.id) for n, product in enumerate(items, 1))
    with store() as central:
        shops.publish(central.connection, [ForeignShop(1, "Shop", (PUBLIC,), rows)], NOW)
        used = Admitted(foreign_ticket_id(sign(payload(1))), "museum", "North", 1)
        for device in ("gate-1", "gate-2"):
            central.take(Fact(device, 1, NOW, used), device=device)
        assert len(central.clashes()) == found
