"""The demo without a browser: one sale at the kiosk and four scans at the turnstiles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from admission.codes import SigningKey, new_ticket_id, sign_ticket
from admission.values import Ticket, Window
from runtime.service import utc_now
from wicket.demo.venue import LANES, MUSEUM_LANE, TOUR_LANE

if TYPE_CHECKING:
    from wicket.demo.show import Show

PATIENCE_S = 180.0

SALE = ("start", "attraction:museum", "date:", "plus:1", "next", "skip", "pay")
"""What is pressed at the kiosk; a word that ends in a colon is the first widget so named."""


class WentWrong(Exception):
    """A step of the script did not go as it should."""


async def play(show: Show) -> None:
    """Print every step. Raises WentWrong."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _play(show)
    except TimeoutError as error:
        logs = show.demo.state / "logs"
        raise WentWrong(f"a step took longer than {PATIENCE_S:.0f} s; see {logs}") from error


async def _play(show: Show) -> None:
    await opening(show)
    _say("central answers, the lanes are ready, the venue is open")
    code = await buy_at_kiosk(show)
    await scan(show, MUSEUM_LANE, code, "a valid ticket", "Welcome")
    await walk(show, MUSEUM_LANE)
    await scan(show, MUSEUM_LANE, code, "the same ticket again", "already used at")
    await scan(show, MUSEUM_LANE, _forged(code), "a forged ticket", "not genuine")
    early = await _buy_later_tour(show)
    await scan(show, TOUR_LANE, early, "a ticket for a later tour", "opens at")
    await _told(show)


async def opening(show: Show) -> None:
    """Return when central answers and every lane has heard from it."""
    await show.central.ready()
    displays = [f"{lane}.display" for lane in LANES]
    await show.stages["gate"].wait(
        lambda s: all(s.get(display, {}).get("tone") == "idle" for display in displays)
    )


async def buy_at_kiosk(show: Show) -> str:
    """Press through one sale; the code on the ticket that comes out of the printer."""
    kiosk = show.stages["kiosk"]
    before = await go_to_payment(show)
    await kiosk.cue("terminal", answer="approve")
    _say("terminal: approved")
    await kiosk.wait(lambda s: s.get("printer", {}).get("number", 0) > before)
    paper = kiosk.states["printer"]
    _say(f"printer: {paper['caption']}")
    code: str = paper["code"]
    return code


async def go_to_payment(show: Show) -> int:
    """Press until the terminal asks for the money; the number of the last ticket printed."""
    kiosk = show.stages["kiosk"]
    await kiosk.wait(lambda s: "printer" in s and s.get("screen", {}).get("screen") == "start")
    before: int = kiosk.states["printer"].get("number", 0)
    for wanted in SALE:
        widget = await _on_screen(show, wanted)
        await kiosk.cue("screen", press=widget)
        _say(f"kiosk: {widget}")
    await kiosk.wait(lambda s: s.get("terminal", {}).get("phase") == "asking")
    return before


async def _on_screen(show: Show, wanted: str) -> str:
    """The id of the wanted widget, as soon as it can be pressed."""

    def shown(states: dict[str, Any]) -> str | None:
        ids = [widget["id"] for widget in states.get("screen", {}).get("widgets", ())]
        fits: Callable[[str], bool] = (
            (lambda i: i.startswith(wanted)) if wanted.endswith(":") else (lambda i: i == wanted)
        )
        return next(filter(fits, ids), None)

    kiosk = show.stages["kiosk"]
    await kiosk.wait(lambda states: shown(states) is not None)
    found = shown(kiosk.states)
    assert found is not None
    return found


async def scan(show: Show, lane: str, code: str, what: str, answer: str) -> None:
    """Show a code to a lane and read its display; WentWrong unless `answer` stands there."""
    gate, display = show.stages["gate"], f"{lane}.display"
    await gate.wait(lambda s: s.get(display, {}).get("tone") == "idle")
    await gate.cue(f"{lane}.reader", scan=code)
    await gate.wait(lambda s: s.get(display, {}).get("tone") in ("welcome", "refuse"))
    told = gate.states[display]
    text = f"{told['title']}: {told['text']}"
    _say(f"{lane}: {what} → {'granted' if told['tone'] == 'welcome' else 'refused'}: {text}")
    if answer not in text:
        raise WentWrong(f"{lane} should have said {answer!r}")


async def walk(show: Show, lane: str) -> None:
    gate, latch = show.stages["gate"], f"{lane}.turnstile.latch_in"
    await gate.wait(lambda s: s.get(latch, {}).get("on") is True)
    await gate.cue(f"{lane}.turnstile.sensor", pulse=True)
    await gate.wait(lambda s: s.get(latch, {}).get("on") is False)
    _say(f"{lane}: the visitor walked through, the arm is locked again")


async def _buy_later_tour(show: Show) -> str:
    """A tour that does not let in yet, bought as a web shop would."""
    slot = await _later_slot(show)
    line = {"product": 4, "slot": slot["id"], "quantity": 1}
    wish = {"lines": [line], "channel": "office", "language": "en"}
    request = await show.central.post("/v1/requests", wish)
    path = f"/v1/requests/{request['token']}"
    payment = {"method": "cash", "reference": "demo", "amount": request["total"]}
    await show.central.post(f"{path}/confirm", {"payment": payment, "holder": None})
    issued = await show.central.post(f"{path}/issue", {})
    ticket = issued["tickets"][0]
    _say(f"office: sold {ticket['human_code']} for the tour {ticket['description']}")
    code: str = ticket["code"]
    return code


async def _later_slot(show: Show) -> dict[str, Any]:
    """The first tour that can be bought and is well ahead."""
    dates = await show.central.get("/v1/attractions/tour/dates")
    for day in (d["date"] for d in dates["dates"] if d["open"]):
        page = await show.central.get(f"/v1/attractions/tour/slots?date={day}")
        for slot in page["slots"]:
            ahead_s = (datetime.fromisoformat(slot["start"]) - utc_now()).total_seconds()
            if slot["blocked"] is None and ahead_s > 3600:
                found: dict[str, Any] = slot
                return found
    raise WentWrong("central offers no later tour")


def _forged(code: str) -> str:
    """A ticket as well-formed as a real one, signed with somebody else's key."""
    now = utc_now()
    day = Window(now.replace(microsecond=0), now.replace(microsecond=0, year=now.year + 1))
    key = SigningKey(1, bytes(range(32)), now)
    forged = sign_ticket(key, Ticket(new_ticket_id(), 1, day))
    assert len(forged) == len(code)
    return forged


async def _told(show: Show) -> None:
    """Wait until central has the admission and all refusals, and print what it knows."""
    wanted = {"ticket_issued": 2, "admitted": 1, "passed": 1, "refused": 3}
    after, seen = 0, dict.fromkeys(wanted, 0)
    while any(seen[kind] < n for kind, n in wanted.items()):
        for entry in await show.central.activity(after):
            after, fact = entry["n"], entry["fact"]
            if fact["kind"] in seen:
                seen[fact["kind"]] += 1
        await asyncio.sleep(0.1)
    _say("central knows: " + ", ".join(f"{n} {kind}" for kind, n in seen.items()))


def _say(step: str) -> None:
    click.echo(f"  {step}")
