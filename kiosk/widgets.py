"""What a screen is made of. Plain values: no pixels, no colours. `id`s are stable names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Button:
    id: str
    text: str
    style: Literal["primary", "quiet"] = "quiet"
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """A card to pick. `note` is the line that matters (places left); `disabled` says why not."""

    id: str
    title: str
    subtitle: str = ""
    note: str = ""
    price: str = ""
    disabled: str | None = None
    selected: bool = False

    @property
    def enabled(self) -> bool:
        return self.disabled is None

    @property
    def text(self) -> str:
        parts = (self.title, self.subtitle, self.price, self.disabled or self.note)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Stepper:
    """A count with a button on either side."""

    id: str
    title: str
    subtitle: str
    price: str
    count: int
    minus: Button
    plus: Button


@dataclass(frozen=True, slots=True)
class Field:
    id: str
    text: str
    value: str
    active: bool
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Key:
    """`span` is its width in keys."""

    id: str
    text: str
    span: float = 1
    lit: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class QrPicture:
    id: str
    data: str
    caption: str


@dataclass(frozen=True, slots=True)
class Line:
    """A text on the left and its figure on the right."""

    id: str
    left: str
    right: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """`style`: "title", "lead", "notice", "small" or "brand"."""

    id: str
    text: str
    style: Literal["title", "lead", "notice", "small", "brand", "total"] = "lead"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The paper that lines lie on."""

    id: str


Symbol = Literal["ticket", "card", "tick", "printer", "warning", "clock", "hand", "refund"]


@dataclass(frozen=True, slots=True)
class Picture:
    id: str
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Progress:
    id: str
    labels: tuple[str, ...]
    current: int


# Bodies: how the middle of a screen is arranged.
@dataclass(frozen=True, slots=True)
class Cards:
    """A grid in pages. `compact` cards are short: many fit on a page."""

    choices: tuple[Choice, ...]
    page: int = 0
    compact: bool = False


@dataclass(frozen=True, slots=True)
class Steppers:
    rows: tuple[Stepper, ...]
    page: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    fields: tuple[Field, ...]
    keys: tuple[tuple[Key, ...], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Codes:
    """QR codes in pages."""

    codes: tuple[QrPicture, ...]
    page: int = 0


@dataclass(frozen=True, slots=True)
class Hero:
    """One message in the middle: a picture, texts, buttons below it, small ones at the bottom."""

    picture: Picture
    texts: tuple[Text, ...]
    buttons: tuple[Button, ...] = ()
    extras: tuple[Button, ...] = ()
    small: Text | None = None


Body = Cards | Steppers | Form | Summary | Codes | Hero
Widget = (
    Button | Choice | Stepper | Field | Key | QrPicture | Line | Text | Sheet | Picture | Progress
)
Target = Button | Choice | Field | Key


@dataclass(frozen=True, slots=True)
class Screen:
    """`anywhere` is pressed by a touch beside all targets. `tone` colours the whole screen."""

    name: str
    body: Body
    title: str = ""
    lead: str = ""
    notice: str = ""
    progress: Progress | None = None
    over: Button | None = None
    back: Button | None = None
    middle: Text | None = None
    next: Button | None = None
    more: Button | None = None
    previous: Button | None = None
    anywhere: str | None = None
    tone: Literal["calm", "accent", "warning"] = "calm"

    @property
    def spoken(self) -> str:
        """All that a visitor who cannot see it needs, as sentences."""
        told = [self.title, self.lead, self.notice, *_told(self.body)]
        return ". ".join(text.rstrip(".") for text in told if text) + "."

    @property
    def focus(self) -> tuple[str, ...]:
        """Ids of all targets, in the order in which keys walk them."""
        rest = (self.previous, self.more, self.next, self.back, self.over)
        targets = (*_targets(self.body), *(button for button in rest if button))
        return tuple(target.id for target in targets if target.enabled)


def _told(body: Body) -> Iterator[str]:
    match body:
        case Cards(choices):
            yield from (choice.text for choice in choices)
        case Steppers(rows):
            yield from (f"{row.title}, {row.price}: {row.count}" for row in rows)
        case Form(fields):
            yield from (f"{field.text}: {field.value}" for field in fields)
        case Summary(lines):
            yield from (f"{line.left} {line.right}" for line in lines)
        case Codes(codes):
            yield from (code.caption for code in codes)
        case Hero(_, texts, buttons):
            yield from (text.text for text in texts)
            yield from (button.text for button in buttons)


def _targets(body: Body) -> Iterator[Target]:
    match body:
        case Cards(choices):
            yield from choices
        case Steppers(rows):
            for row in rows:
                yield from (row.minus, row.plus)
        case Form(fields, keys):
            yield from fields
            for row_of_keys in keys:
                yield from row_of_keys
        case Hero(_, _, buttons, extras):
            yield from (*buttons, *extras)
