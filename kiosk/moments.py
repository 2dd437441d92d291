"""The screens on which a visitor waits, pays or is told something."""

from __future__ import annotations

from kiosk.flow import declined
from kiosk.sale import Paying, Sale
from kiosk.state import At, State
from kiosk.texts import Texts
from kiosk.widgets import Button, Codes, Hero, Picture, QrPicture, Screen, Symbol, Text


def moment(state: State, texts: Texts) -> Screen | None:
    """The screen of a moment that is not a choice; None when there is something to choose."""
    match state.at:
        case At.START:
            return out_of_order(state, texts) if state.out_of_order else start(state, texts)
        case At.PAYMENT:
            return payment(state, texts)
        case At.PRINTING:
            return paper_trouble(state, texts) if state.stuck else printing(state, texts)
        case At.THANKS:
            return thanks(state, texts)
        case At.SORRY:
            return sorry(state, texts)
        case At.HELP:
            return staff(state, texts)
    return None


def start(state: State, texts: Texts) -> Screen:
    venue = state.catalogue.venue if state.catalogue else ""
    return Screen(
        "start",
        Hero(
            Picture("picture", "ticket"),
            (Text("venue", venue, "brand"), Text("welcome", texts.say("start.title"))),
            (Button("start", texts.say("start.touch"), "primary"),),
            _languages(state),
        ),
        anywhere="start",
        tone="accent",
    )


def _languages(state: State) -> tuple[Button, ...]:
    return tuple(
        Button(
            f"lang:{language}",
            Texts(language).say("language.name"),
            "primary" if language == state.language else "quiet",
        )
        for language in state.rules.languages
    )


def out_of_order(state: State, texts: Texts) -> Screen:
    """Devices that are only being opened are no faults to a visitor."""
    faults = [fault for fault in state.faults if fault.problem]
    if faults:
        known = {"printer", "terminal", "central", "office"}
        source = faults[0].source
        title = texts.say("order.title")
        what = texts.say(f"order.{source if source in known else 'other'}")
    else:
        title = texts.say("busy.title")
        ready = state.catalogue is not None and not state.faults
        what = texts.say("order.owing" if ready else "order.starting")
    told = "; ".join(f"{fault.source}: {fault.problem}, {fault.hint}" for fault in faults)
    for_staff = f"{state.rules.device} · {told}" if told else state.rules.device
    advice = (Text("advice", texts.say("order.advice")),) if faults else ()
    return Screen(
        "out_of_order",
        Hero(
            Picture("picture", "warning" if faults else "clock"),
            (Text("headline", title, "title"), Text("fault", what), *advice),
            extras=_languages(state),
            small=Text("device", for_staff, "small"),
        ),
        tone="warning" if faults else "calm",
    )


def busy(state: State, texts: Texts) -> Screen:
    what = "busy.reserve" if state.reserving else "busy.load"
    return _told("busy", "clock", texts.say("busy.title"), texts.say(what))


def failed(state: State, texts: Texts) -> Screen:
    return _told(
        "failed",
        "warning",
        texts.say("failed.title"),
        texts.say("failed.text"),
        Button("again", texts.say("button.again"), "primary"),
        Button("over", texts.say("button.over")),
    )


def idle_warning(texts: Texts) -> Screen:
    stay = Button("stay", texts.say("button.stay"), "primary")
    told = _told("idle", "hand", texts.say("idle.title"), texts.say("idle.text"), stay)
    return Screen("idle", told.body, anywhere="stay")


def payment(state: State, texts: Texts) -> Screen:
    sale = state.sale
    cancel = Button("cancel", texts.say("button.cancel"))
    if sale is None:
        return busy(state, texts)
    if declined(state):
        return _told(
            "declined",
            "warning",
            texts.say("declined.title"),
            texts.say("declined.text"),
            Button("again", texts.say("button.again"), "primary"),
            Button("cancel", texts.say("button.cancel_purchase")),
        )
    if sale.paying is Paying.TAKEN:
        return _paid(state, sale, texts)
    if sale.abandoned is not None:
        return _told("payment", "clock", texts.say("payment.stopping"))
    if state.stuck is not None:
        return _told("payment", "clock", texts.say("payment.checking"), "", cancel)
    title, text = texts.say("payment.title"), texts.say("payment.text")
    total = sale.reservation and texts.money(sale.reservation.total)
    return _told("payment", "card", title, text, cancel, brand=total or "")


def _paid(state: State, sale: Sale, texts: Texts) -> Screen:
    if sale.abandoned is not None:
        title, text = texts.say("payment.reversing"), texts.say("payment.reversing_text")
        return _told("paid", "refund", title, text)
    text = texts.say("payment.trouble" if state.stuck else "payment.preparing")
    return _told("paid", "clock" if state.stuck else "tick", texts.say("payment.taken"), text)


def printing(state: State, texts: Texts) -> Screen:
    assert state.sale is not None
    count, done = len(state.sale.tickets), len(state.sale.printed)
    text = texts.say("printing.text", n=min(done + 1, count), count=count)
    return _told("printing", "printer", texts.say("printing.title"), text)


def paper_trouble(state: State, texts: Texts) -> Screen:
    """Paid, but no paper: the codes themselves, to be photographed."""
    assert state.sale is not None
    codes = tuple(
        QrPicture(f"ticket:{ticket.id}", ticket.code, ticket.human_code)
        for ticket in state.sale.unprinted
    )
    return Screen(
        "paper",
        Codes(codes, state.page),
        title=texts.say("paper.title"),
        notice=texts.say("paper.text"),
        next=Button("done", texts.say("paper.done"), "primary"),
        more=Button("more", texts.say("button.more")),
        previous=Button("previous", texts.say("button.previous")),
    )


def thanks(state: State, texts: Texts) -> Screen:
    count = len(state.sale.tickets) if state.sale else 1
    done = Button("done", texts.say("button.done"), "primary")
    text = texts.count("thanks.text", count)
    if state.comes_by_sms:
        digits = "".join(c for c in state.choice.phone if c.isdigit())[-4:]
        text = f"{text} {texts.say('thanks.sms', digits=digits)}"
    return _told("thanks", "tick", texts.say("thanks.title"), text, done)


def sorry(state: State, texts: Texts) -> Screen:
    done = Button("done", texts.say("button.done"), "primary")
    total = state.sale.reservation.total if state.sale and state.sale.reservation else None
    if total is None or not total.amount:
        free = texts.say("sorry.free")
        return _told("sorry", "warning", texts.say("sorry.free_title"), free, done)
    text = texts.say("sorry.text", total=texts.money(total))
    return _told("sorry", "refund", texts.say("sorry.title"), text, done)


def staff(state: State, texts: Texts) -> Screen:
    done = Button("done", texts.say("button.done"), "primary")
    text = texts.say("help.text", sale=state.sale_id or "")
    return _told("help", "warning", texts.say("help.title"), text, done)


def _told(
    name: str, symbol: Symbol, title: str, text: str = "", *buttons: Button, brand: str = ""
) -> Screen:
    texts = [Text("headline", title, "title")]
    if brand:
        texts.append(Text("amount", brand, "brand"))
    if text:
        texts.append(Text("text", text))
    return Screen(name, Hero(Picture("picture", symbol), tuple(texts), buttons))
