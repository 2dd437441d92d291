"""Paints a laid-out screen: calm grounds, large type, one accent colour, a visible focus."""

from __future__ import annotations

import pygame

from hal.screen.brush import Brush, Shape, Style
from hal.screen.geometry import Panel, Rect
from hal.screen.palette import ACCENT, CARD, INK, LOOKS, WHITE, Colour, Look
from kiosk.arrange import stepper_parts
from kiosk.geometry import Laid, Placed
from kiosk.widgets import (
    Button,
    Cards,
    Choice,
    Field,
    Key,
    Line,
    Picture,
    Progress,
    QrPicture,
    Screen,
    Sheet,
    Stepper,
    Text,
)

CARD_SIZES = (34, 20, 21)
"""Type sizes of a small card's title, subtitle and note."""


class Painter:
    """One painter a panel. Raises DeviceFault when no font is installed."""

    def __init__(self, panel: Panel, brush: Brush | None = None) -> None:
        self._panel = panel
        self._brush = brush or Brush()
        self._card_sizes: tuple[int, ...] = CARD_SIZES

    def paint(self, surface: pygame.Surface, laid: Laid, focus: str | None = None) -> None:
        """Cover the whole surface. `focus` is the id of the target that keys would press."""
        tone = LOOKS[laid.screen.tone]
        surface.fill(tone.ground)
        self._card_sizes = self._even_sizes(laid)
        for placed in laid.placed:
            self._widget(surface, placed, laid.screen, tone)
        for target, rect in laid.targets:
            if target.id == focus:
                self._focus(surface, rect, rect.h // 2 if _is_round(target.id) else 0)

    def _widget(self, surface: pygame.Surface, placed: Placed, screen: Screen, tone: Look) -> None:
        widget, rect = placed.widget, placed.rect
        match widget:
            case Text():
                self._text(surface, widget, rect, tone)
            case Button():
                self._button(surface, widget, rect, screen)
            case Choice():
                self._choice(surface, widget, rect, screen)
            case Stepper():
                self._stepper(surface, widget, rect)
            case Field():
                self._field(surface, widget, rect)
            case Key():
                self._key(surface, widget, rect)
            case Line():
                self._line(surface, widget, rect, tone)
            case Sheet():
                card = LOOKS["card"]
                self._brush.panel(surface, rect, card.ground, card.border, self._shape(20))
            case Progress():
                self._progress(surface, widget, rect)
            case Picture():
                side = min(rect.w, rect.h)
                colour = tone.muted if screen.tone != "calm" else ACCENT
                self._symbol(surface, widget.symbol, rect, side, (colour, tone.ground))
            case QrPicture():
                self._code(surface, widget, rect)

    def _size(self, size: float) -> int:
        """A type size drawn for 1280x800; small panels are read from nearer by."""
        return round(size * max(self._panel.scale, 0.72))

    def _shape(self, radius: float = 18, border: float = 2) -> Shape:
        return Shape(self._panel.px(radius), max(1, self._panel.px(border)))

    def _text(self, surface: pygame.Surface, text: Text, rect: Rect, tone: Look) -> None:
        hero = text.id not in ("title", "lead", "notice", "total", "page")
        align = "middle" if hero or text.id in ("page", "total") else "left"
        if text.style == "notice":
            look = LOOKS["notice"]
            self._brush.panel(surface, rect, look.ground, look.border, self._shape(14))
            inner = rect.inset(self._panel.px(24), 4)
            self._brush.text(surface, text.text, inner, Style(self._size(25), look.ink, bold=True))
            return
        size, bold = {
            "brand": (66, True),
            "title": (46 if hero else 42, True),
            "lead": (30 if hero else 26, False),
            "small": (20, False),
            "total": (30, True),
        }[text.style]
        muted = text.style in ("lead", "small")
        style = Style(self._size(size), tone.muted if muted else tone.ink, bold, align)  # type: ignore[arg-type]
        self._brush.text(surface, text.text, rect, style)

    def _button(self, surface: pygame.Surface, button: Button, rect: Rect, screen: Screen) -> None:
        look = _button_look(button, screen)
        if _is_round(button.id):
            sign, side = button.id.partition(":")[0], rect.h // 2
            border = ACCENT if button.enabled else look.border
            shape = Shape(side, max(1, self._panel.px(3)))
            self._brush.panel(surface, rect, look.ground, border, shape)
            self._symbol(surface, sign, rect, side, (look.ink, look.ground))
            return
        self._brush.panel(surface, rect, look.ground, look.border, self._shape(18))
        big = button.id in ("start", "pay", "stay")
        style = Style(self._size(32 if big else 28), look.ink, True, "middle")
        self._brush.text(surface, button.text, rect.inset(self._panel.px(16), 4), style)

    def _choice(self, surface: pygame.Surface, choice: Choice, rect: Rect, screen: Screen) -> None:
        look = LOOKS["disabled" if not choice.enabled else "card"]
        if choice.selected and choice.enabled:
            look = LOOKS["selected"]
        self._brush.panel(surface, rect, look.ground, look.border, self._shape(20))
        if isinstance(screen.body, Cards) and screen.body.compact:
            self._small_card(surface, choice, rect, look)
        else:
            self._wide_card(surface, choice, rect, look)

    def _wide_card(self, surface: pygame.Surface, choice: Choice, rect: Rect, look: Look) -> None:
        pad = self._panel.px(30)
        inner = rect.inset(pad, self._panel.px(24))
        price_h = self._size(40)
        title_h = min(self._size(46) * 2, (inner.h - price_h) // 2)
        title = Style(self._size(36), look.ink, True, "left", "top")
        used = self._brush.text(surface, choice.title, inner._replace(h=title_h), title)
        y = used.y + used.h + self._panel.px(8)
        bottom = inner.y + inner.h - price_h
        text = Style(self._size(24), look.muted, False, "left", "top")
        body = Rect(inner.x, y, inner.w, bottom - y - self._panel.px(8))
        self._brush.text(surface, choice.subtitle, body, text)
        price = Style(self._size(28), ACCENT, True, "left", "bottom")
        foot = Rect(inner.x, bottom, inner.w, price_h)
        self._brush.text(surface, choice.disabled or choice.price, foot, price)

    def _small_card(self, surface: pygame.Surface, choice: Choice, rect: Rect, look: Look) -> None:
        note = LOOKS["disabled"].muted if choice.disabled else ACCENT
        colours = (look.ink, look.muted, note)
        boxes = self._card_lines(choice, rect)
        sizes = (*self._card_sizes, self._size(CARD_SIZES[-1]))
        for (text, bold, box), size, colour in zip(boxes, sizes, colours, strict=False):
            self._brush.text(surface, text, box, Style(size, colour, bold, "middle"))

    def _card_lines(self, choice: Choice, rect: Rect) -> list[tuple[str, bool, Rect]]:
        """Title, subtitle and note of a small card, and their boxes."""
        inner = rect.inset(self._panel.px(14), 5 if self._panel.low else self._panel.px(10))
        note = choice.disabled or choice.note
        texts = (choice.title, choice.subtitle, note) if note else (choice.title, choice.subtitle)
        shares = CARD_SIZES[: len(texts)]
        heights = [round(inner.h * share / sum(shares)) for share in shares]
        return [
            (text, i != 1, box)
            for i, (text, box) in enumerate(zip(texts, inner.rows(heights, 0), strict=True))
        ]

    def _even_sizes(self, laid: Laid) -> tuple[int, ...]:
        """One size for all titles and one for all subtitles: the largest at which each fits."""
        sizes = [self._size(size) for size in CARD_SIZES[:-1]]
        for placed in laid.placed:
            if isinstance(placed.widget, Choice):
                lines = self._card_lines(placed.widget, placed.rect)[: len(sizes)]
                for i, (text, bold, box) in enumerate(lines):
                    wanted = Style(self._size(CARD_SIZES[i]), INK, bold, "middle")
                    sizes[i] = min(sizes[i], self._brush.fit(text, box.w, box.h, wanted).size)
        return tuple(sizes)

    def _stepper(self, surface: pygame.Surface, stepper: Stepper, rect: Rect) -> None:
        look = LOOKS["selected" if stepper.count else "card"]
        self._brush.panel(surface, rect, look.ground, look.border, self._shape(20))
        parts = stepper_parts(rect, self._panel)
        box = parts.text
        name = Style(self._size(32), look.ink, True)
        if stepper.subtitle:
            upper = box._replace(h=box.h * 11 // 20)
            lower = Rect(box.x, box.y + upper.h, box.w, box.h - upper.h)
            self._brush.text(surface, stepper.title, upper, name)
            self._brush.text(surface, stepper.subtitle, lower, Style(self._size(22), look.muted))
        else:
            self._brush.text(surface, stepper.title, box, name)
        cost = Style(self._size(28), look.ink, False, "right")
        self._brush.text(surface, stepper.price, parts.price, cost)
        count = Style(self._size(38), look.ink, True, "middle")
        self._brush.text(surface, str(stepper.count), parts.count, count)

    def _field(self, surface: pygame.Surface, field: Field, rect: Rect) -> None:
        look = LOOKS["card"]
        shape = self._shape(16, 4 if field.active else 2)
        self._brush.panel(surface, rect, CARD, ACCENT if field.active else look.border, shape)
        inner = rect.inset(self._panel.px(22), 4 if self._panel.low else self._panel.px(8))
        label = inner._replace(h=inner.h * 2 // 5)
        value = Rect(inner.x, inner.y + label.h, inner.w, inner.h - label.h)
        muted = Style(self._size(20), ACCENT if field.active else look.muted, bold=field.active)
        self._brush.text(surface, field.text, label, muted)
        written = self._brush.text(surface, field.value, value, Style(self._size(30), look.ink))
        if field.active:
            x, inset = written.x + written.w + 2, value.h // 6
            caret = pygame.Rect(x, value.y + inset, max(2, self._panel.px(3)), value.h - 2 * inset)
            pygame.draw.rect(surface, ACCENT, caret)

    def _key(self, surface: pygame.Surface, key: Key, rect: Rect) -> None:
        look = LOOKS["primary" if key.lit else "card"]
        self._brush.panel(surface, rect, look.ground, look.border, self._shape(12))
        name = key.id.partition(":")[2]
        if name in ("caps", "backspace"):
            side = min(rect.w, rect.h) // 2
            self._symbol(surface, name, rect, side, (look.ink, look.ground))
            return
        word = len(key.text) > 1
        style = Style(self._size(22 if word else 32), look.ink, not word, "middle")
        self._brush.text(surface, key.text, rect.inset(6, 2), style)

    def _line(self, surface: pygame.Surface, line: Line, rect: Rect, tone: Look) -> None:
        size = self._size(36 if line.strong else 28)
        left, right = rect.columns(2, 0)
        colour = tone.ink if line.strong else tone.muted
        self._brush.text(surface, line.left, left, Style(size, colour, line.strong))
        self._brush.text(surface, line.right, right, Style(size, tone.ink, True, "right"))
        if not line.strong:
            y = rect.y + rect.h - 1
            pygame.draw.line(surface, tone.border, (rect.x, y), (rect.x + rect.w, y))

    def _progress(self, surface: pygame.Surface, progress: Progress, rect: Rect) -> None:
        """A bar a step, with its name below where there is room."""
        look, bare = LOOKS["calm"], self._panel.low
        bar = rect.h if bare else max(5, self._panel.px(8))
        for i, part in enumerate(rect.columns(len(progress.labels), self._panel.px(10))):
            done = i <= progress.current
            colour = ACCENT if done else look.border
            top = Rect(part.x, part.y, part.w, bar)
            self._brush.panel(surface, top, colour, colour, Shape(bar // 2, 0))
            if not bare:
                here = i == progress.current
                below = Rect(part.x, part.y + bar, part.w, part.h - bar)
                ink = look.ink if here else look.muted
                self._brush.text(
                    surface, progress.labels[i], below, Style(self._size(20), ink, here)
                )

    def _code(self, surface: pygame.Surface, code: QrPicture, rect: Rect) -> None:
        look = LOOKS["card"]
        self._brush.panel(surface, rect, WHITE, look.border, self._shape(20))
        caption_h = self._size(52)
        inner = rect.inset(self._panel.px(10), self._panel.px(10))
        side = min(inner.w, inner.h - caption_h)
        drawn = self._brush.qr_surface(code.data, side)
        surface.blit(drawn, (rect.x + (rect.w - drawn.get_width()) // 2, inner.y))
        below = Rect(inner.x, inner.y + inner.h - caption_h, inner.w, caption_h)
        style = Style(self._size(36), INK, True, "middle")
        self._brush.text(surface, code.caption, below, style)

    def _symbol(
        self,
        surface: pygame.Surface,
        symbol: str,
        rect: Rect,
        side: int,
        colours: tuple[Colour, Colour],
    ) -> None:
        if side >= 8:
            drawn = self._brush.symbol_surface(symbol, side, *colours)
            surface.blit(drawn, (rect.x + (rect.w - side) // 2, rect.y + (rect.h - side) // 2))

    def _focus(self, surface: pygame.Surface, rect: Rect, radius: int) -> None:
        """Two rings, a light one and a dark one: visible on any ground."""
        width = max(3, self._panel.px(4))
        for grow, colour in ((width * 2, WHITE), (width, INK)):
            ring = rect.inset(-grow, -grow)
            shape = Shape((radius or self._panel.px(20)) + grow, width, hollow=True)
            self._brush.panel(surface, ring, colour, colour, shape)


def _is_round(target: str) -> bool:
    return target.startswith(("plus:", "minus:"))


def _button_look(button: Button, screen: Screen) -> Look:
    if not button.enabled:
        return LOOKS["disabled"]
    on_accent = " on accent" if screen.tone == "accent" else ""
    return LOOKS[button.style + on_accent]
