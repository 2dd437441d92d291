"""What the visitor sees: a State becomes a Screen. Here the screens on which one chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from admission.booking import SaleBlocked
from kiosk import keyboard, moments
from kiosk.goods import Attraction, Day, Offer, Slot, in_language
from kiosk.press import may_add
from kiosk.state import At, State
from kiosk.texts import Texts
from kiosk.widgets import (
    Body,
    Button,
    Cards,
    Choice,
    Field,
    Form,
    Key,
    Line,
    Progress,
    Screen,
    Stepper,
    Steppers,
    Summary,
    Text,
)

STEPS = (At.ATTRACTION, At.DATE, At.SLOT, At.QUANTITY, At.HOLDER, At.REVIEW)
STEP_NAMES = ("attraction", "date", "slot", "quantity", "holder", "payment")
PAST = (SaleBlocked.ENDED, SaleBlocked.EVENT_OVER)


def screen(state: State) -> Screen:
    """The whole screen for this state, in the visitor's language."""
    texts = Texts(state.language, state.catalogue.timezone if state.catalogue else "UTC")
    if state.warned:
        return moments.idle_warning(texts)
    if state.waiting is not None:
        return moments.failed(state, texts) if state.failed else moments.busy(state, texts)
    if state.reserving:
        return moments.busy(state, texts)
    return moments.moment(state, texts) or _choosing(state, texts)


def _choosing(state: State, texts: Texts) -> Screen:
    bodies: dict[At, Callable[[State, Texts], Body]] = {
        At.ATTRACTION: _attractions,
        At.DATE: _days,
        At.SLOT: _slots,
        At.QUANTITY: _quantities,
        At.HOLDER: _holder,
        At.REVIEW: _review,
    }
    name = state.at.value
    return Screen(
        name,
        bodies[state.at](state, texts),
        title=texts.say(f"{name}.title"),
        lead=_lead(state, texts),
        notice=texts.say(state.notice) if state.notice else "",
        progress=_progress(state, texts),
        over=Button("over", texts.say("button.over")),
        back=Button("back", texts.say("button.back")),
        middle=_total(state, texts),
        next=_next(state, texts),
        more=Button("more", texts.say("button.more")),
        previous=Button("previous", texts.say("button.previous")),
    )


def _progress(state: State, texts: Texts) -> Progress:
    labels = tuple(texts.say(f"step.{name}") for name in STEP_NAMES)
    return Progress("progress", labels, STEPS.index(state.at))


def _lead(state: State, texts: Texts) -> str:
    """What has been chosen so far; or why a screen is empty."""
    choice, language = state.choice, state.language
    attraction = in_language(choice.attraction.name, language) if choice.attraction else ""
    empty = {
        At.ATTRACTION: not (state.catalogue and state.catalogue.attractions),
        At.DATE: not state.days,
        At.SLOT: not state.slots,
    }
    if empty.get(state.at):
        return texts.say(f"{state.at.value}.none")
    match state.at:
        case At.DATE:
            return attraction
        case At.SLOT:
            return f"{attraction} · {texts.day(choice.day)}" if choice.day else attraction
        case At.QUANTITY:
            return f"{attraction} · {choice.slot.description}" if choice.slot else attraction
        case At.HOLDER:
            sms = state.catalogue is not None and state.catalogue.sms
            return texts.say("holder.lead_sms" if sms else "holder.lead")
    return ""


def _total(state: State, texts: Texts) -> Text | None:
    total = state.choice.total
    if total is None or state.at not in (At.QUANTITY, At.HOLDER):
        return None
    return Text("total", texts.say("total", total=texts.money(total)), "total")


def _next(state: State, texts: Texts) -> Button | None:
    match state.at:
        case At.QUANTITY:
            ready = bool(state.choice.offers)
            return Button("next", texts.say("button.next"), "primary", ready)
        case At.HOLDER if state.choice.holder is None:
            return Button("skip", texts.say("button.skip"), "primary")
        case At.HOLDER:
            return Button("next", texts.say("button.next"), "primary")
        case At.REVIEW:
            return Button("pay", _pay_text(state, texts), "primary")
    return None


def _pay_text(state: State, texts: Texts) -> str:
    assert state.sale is not None
    total = state.sale.reservation.total if state.sale.reservation else None
    if total is None or not total.amount:
        return texts.say("button.take")
    return texts.say("button.pay", total=texts.money(total))


def _attractions(state: State, texts: Texts) -> Cards:
    attractions = state.catalogue.attractions if state.catalogue else ()
    return Cards(tuple(_attraction(a, state, texts) for a in attractions), state.page)


def _attraction(attraction: Attraction, state: State, texts: Texts) -> Choice:
    prices = [offer.price for offer in attraction.products]
    low = min(prices, key=lambda p: p.amount, default=None)
    paid = [p for p in prices if p.amount]
    if paid:
        low = min(paid, key=lambda p: p.amount)
    shown = "" if low is None else texts.say("attraction.from", price=texts.money(low))
    return Choice(
        f"attraction:{attraction.id}",
        in_language(attraction.name, state.language),
        in_language(attraction.text, state.language),
        price=shown if paid or low is None else texts.say("price.free"),
    )


def _days(state: State, texts: Texts) -> Cards:
    zone = ZoneInfo(state.catalogue.timezone if state.catalogue else "UTC")
    today = state.touched_at.astimezone(zone).date()

    def card(day: Day) -> Choice:
        weekday = texts.say("date.today") if day.date == today else texts.weekday(day.date)
        return Choice(
            f"date:{day.date.isoformat()}",
            texts.day_and_month(day.date),
            weekday,
            disabled=None if day.open else texts.say("date.closed"),
            selected=day.date == state.choice.day,
        )

    return Cards(tuple(card(day) for day in state.days), state.page, compact=True)


def _slots(state: State, texts: Texts) -> Cards:
    """What can still be visited comes first, in order; then what is over."""
    slots = sorted(state.slots, key=lambda slot: (slot.blocked in PAST, slot.start))
    return Cards(tuple(_slot(slot, state, texts) for slot in slots), state.page, compact=True)


def _slot(slot: Slot, state: State, texts: Texts) -> Choice:
    unlimited = texts.say("slot.unlimited")
    return Choice(
        f"slot:{slot.id}",
        texts.time(slot.start),
        slot.description,
        note=unlimited if slot.left is None else texts.count("slot.left", slot.left),
        disabled=texts.say(f"slot.{slot.blocked.value}") if slot.blocked else None,
        selected=slot == state.choice.slot,
    )


def _quantities(state: State, texts: Texts) -> Steppers:
    products = state.choice.attraction.products if state.choice.attraction else ()
    return Steppers(tuple(_stepper(offer, state, texts) for offer in products), state.page)


def _stepper(offer: Offer, state: State, texts: Texts) -> Stepper:
    name = in_language(offer.name, state.language)
    count = state.choice.quantities.get(offer.id, 0)
    more = may_add(state.choice, offer)
    described = in_language(offer.text, state.language)
    if offer.persons > 1 and not described:
        described = texts.count("quantity.persons", offer.persons)
    return Stepper(
        f"product:{offer.id}",
        name,
        described,
        texts.free_or_money(offer.price),
        count,
        Button(f"minus:{offer.id}", texts.say("quantity.minus", ticket=name), enabled=count > 0),
        Button(f"plus:{offer.id}", texts.say("quantity.plus", ticket=name), enabled=more),
    )


def _holder(state: State, texts: Texts) -> Form:
    choice, typing = state.choice, state.typing
    fields = (
        Field("field:name", texts.say("holder.name"), choice.name, typing.field == "name"),
        Field("field:phone", texts.say("holder.phone"), choice.phone, typing.field == "phone"),
    )
    rows = keyboard.rows(typing, state.language)
    return Form(fields, tuple(tuple(_key(name, state, texts) for name in row) for row in rows))


def _key(name: str, state: State, texts: Texts) -> Key:
    match name:
        case "space":
            return Key("key:space", texts.say("key.space"), span=5)
        case "accents":
            return Key("key:accents", texts.say("key.accents"), span=3, lit=state.typing.accents)
        case "caps":
            return Key("key:caps", "⇧", span=1.5, lit=state.typing.caps)
        case "backspace":
            return Key("key:backspace", "⌫", span=1 if state.typing.field == "phone" else 1.5)
    return Key(f"key:{name}", name)


def _review(state: State, texts: Texts) -> Summary:
    return Summary(tuple(_review_lines(state, texts)))


def _review_lines(state: State, texts: Texts) -> Iterator[Line]:
    choice, language = state.choice, state.language
    if choice.attraction:
        name = in_language(choice.attraction.name, language)
        yield Line("visit", texts.say("review.visit"), name)
    if choice.slot:
        yield Line("when", texts.say("review.when"), choice.slot.description)
    for offer, n in choice.offers:
        ticket = texts.say("review.line", n=n, ticket=in_language(offer.name, language))
        yield Line(f"line:{offer.id}", ticket, texts.money(offer.price * n))
    if choice.name.strip():
        yield Line("name", texts.say("review.name"), choice.name.strip())
    if choice.phone.strip():
        yield Line("phone", texts.say("review.phone"), choice.phone.strip())
    if state.sale and state.sale.reservation:
        total = texts.money(state.sale.reservation.total)
        yield Line("sum", texts.say("review.total"), total, strong=True)
