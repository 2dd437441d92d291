"""How the middle of a screen is arranged, one function a body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hal.screen.geometry import Panel, Rect
from kiosk.geometry import Frame, Placed, foot_parts
from kiosk.widgets import (
    Button,
    Cards,
    Codes,
    Form,
    Hero,
    Key,
    Line,
    Screen,
    Sheet,
    Stepper,
    Steppers,
    Summary,
    Text,
    Widget,
)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a body in pages is laid on: the pager lies outside the body."""

    screen: Screen
    frame: Frame
    panel: Panel


def arrange(screen: Screen, frame: Frame, panel: Panel) -> list[Placed]:
    """Every widget of the screen's body, and its pager."""
    ground = _Ground(screen, frame, panel)
    match screen.body:
        case Cards():
            return _cards(ground, screen.body)
        case Steppers():
            return _steppers(ground, screen.body)
        case Codes():
            return _codes(ground, screen.body)
        case Form():
            return _form(screen.body, frame.body, panel)
        case Summary(lines):
            return _summary(lines, frame.body, panel)
        case Hero():
            return _hero(screen.body, frame.body, panel)


@dataclass(frozen=True, slots=True)
class _Grid:
    columns: int
    rows: int
    cell_h: int

    @property
    def per_page(self) -> int:
        return self.columns * self.rows


def _grid(body: Rect, panel: Panel, least_w: int, cell_h: int, count: int) -> _Grid:
    columns = max(1, (body.w + panel.gap) // (least_w + panel.gap))
    rows = max(1, (body.h + panel.gap) // (cell_h + panel.gap))
    return _Grid(max(1, min(columns, count)), rows, min(cell_h, body.h))


def _place_grid(body: Rect, grid: _Grid, widgets: Sequence[Widget], panel: Panel) -> list[Placed]:
    rows = body.rows([grid.cell_h] * grid.rows, panel.gap)
    cells = [cell for row in rows for cell in row.columns(grid.columns, panel.gap)]
    return [Placed(widget, cell) for widget, cell in zip(widgets, cells, strict=False)]


def _cards(ground: _Ground, cards: Cards) -> list[Placed]:
    body, panel, count = ground.frame.body, ground.panel, len(cards.choices)
    if cards.compact:
        least_w = panel.px(220 if panel.portrait else 188)
        cell_h = max(panel.target, panel.px(124))
        if panel.low:
            least_w, cell_h = 148, max(panel.target, 72)
        columns = (body.w + panel.gap) // (least_w + panel.gap)
        grid = _grid(body, panel, least_w, cell_h, max(count, columns))
    else:
        least_h = max(panel.target, panel.px(190))
        columns = _grid(body, panel, panel.px(340), least_h, count).columns
        room = body.h // max(1, -(-count // columns)) - panel.gap
        grid = _grid(body, panel, panel.px(340), max(least_h, min(room, panel.px(330))), count)
    chosen, pager = _page(ground, cards.choices, cards.page, grid.per_page)
    return [*_place_grid(body, grid, chosen, panel), *pager]


def _page(
    ground: _Ground, items: Sequence[Widget], page: int, per_page: int
) -> tuple[Sequence[Widget], list[Placed]]:
    """The items of the page and, if there are several pages, the pager."""
    pages = max(1, -(-len(items) // per_page))
    page = min(page, pages - 1)
    shown = items[page * per_page : (page + 1) * per_page]
    return shown, _pager(ground, page, pages) if pages > 1 else []


def _pager(ground: _Ground, page: int, pages: int) -> list[Placed]:
    previous, more = ground.screen.previous, ground.screen.more
    if more is None or previous is None:
        return []
    area, panel = _pager_area(ground), ground.panel
    number_w = panel.px(100)
    button_w = (area.w - number_w - 2 * panel.gap) // 2
    number = Rect(area.x + button_w + panel.gap, area.y, number_w, area.h)
    before = Rect(area.x, area.y, button_w, area.h)
    after = Rect(area.x + area.w - button_w, area.y, button_w, area.h)
    return [
        Placed(Text("page", f"{page + 1} / {pages}", "total"), number),
        Placed(Button(previous.id, previous.text, enabled=page > 0), before),
        Placed(Button(more.id, more.text, enabled=page < pages - 1), after),
    ]


def _pager_area(ground: _Ground) -> Rect:
    """Between Back and Next; over the room of Next where there is none."""
    screen, frame, panel = ground.screen, ground.frame, ground.panel
    left, middle, right = foot_parts(frame.footer, panel)
    if isinstance(screen.body, Steppers):
        bottom = frame.body.y + frame.body.h - panel.target
        return Rect(middle.x, bottom, middle.w, panel.target)
    start = middle.x if screen.back else left.x
    end = middle.x + middle.w if screen.next else right.x + right.w
    width = min(end - start, panel.px(700))
    return Rect(end - width, middle.y, width, middle.h)


def _steppers(ground: _Ground, steppers: Steppers) -> list[Placed]:
    body, panel = ground.frame.body, ground.panel
    room = body.h // max(1, len(steppers.rows)) - panel.gap
    row_h = max(panel.target + 8, min(room, panel.px(128)))
    fit = max(1, (body.h + panel.gap) // (row_h + panel.gap))
    if len(steppers.rows) > fit:
        fit = max(1, (body.h - panel.target) // (row_h + panel.gap))
    shown, pager = _page(ground, steppers.rows, steppers.page, fit)
    placed = []
    for row, rect in zip(shown, body.rows([row_h] * fit, panel.gap), strict=False):
        assert isinstance(row, Stepper)
        parts = stepper_parts(rect, panel)
        placed += [Placed(row, rect), Placed(row.minus, parts.minus), Placed(row.plus, parts.plus)]
    return [*placed, *pager]


@dataclass(frozen=True, slots=True)
class StepperParts:
    text: Rect
    price: Rect
    minus: Rect
    count: Rect
    plus: Rect


def stepper_parts(rect: Rect, panel: Panel) -> StepperParts:
    """Inside a Stepper's card: text and price on the left, minus, count and plus on the right."""
    pad = min(4 if panel.low else panel.px(14), (rect.h - panel.target) // 2)
    side = max(panel.target, min(rect.h - 2 * pad, panel.px(84)))
    y = rect.y + (rect.h - side) // 2
    plus = Rect(rect.x + rect.w - pad - side, y, side, side)
    count = Rect(plus.x - panel.px(90), y, panel.px(90), side)
    minus = Rect(count.x - side, y, side, side)
    left = rect.x + panel.px(28)
    price_w = panel.px(170)
    price = Rect(minus.x - panel.px(24) - price_w, rect.y + pad, price_w, rect.h - 2 * pad)
    text = Rect(left, rect.y + pad, price.x - panel.gap - left, rect.h - 2 * pad)
    return StepperParts(text, price, minus, count, plus)


def _codes(ground: _Ground, codes: Codes) -> list[Placed]:
    body, panel = ground.frame.body, ground.panel
    cell_h = min(body.h, panel.px(480))
    grid = _grid(body, panel, min(body.w, cell_h * 3 // 4), cell_h, len(codes.codes))
    shown, pager = _page(ground, codes.codes, codes.page, grid.per_page)
    return [*_place_grid(body, grid, shown, panel), *pager]


def _form(form: Form, body: Rect, panel: Panel) -> list[Placed]:
    gap = 4 if panel.low else panel.px(10)
    field_h = panel.touch(84)
    fields = Rect(body.x, body.y, body.w, field_h).columns(len(form.fields), panel.gap)
    placed = [Placed(field, rect) for field, rect in zip(form.fields, fields, strict=True)]
    top = body.y + field_h + (gap if panel.low else panel.px(24))
    room = body.y + body.h - top
    key_h = min((room - gap * (len(form.keys) - 1)) // len(form.keys), panel.touch(96))
    spans = max(sum(key.span for key in row) for row in form.keys)
    unit = min((body.w + gap) / spans, panel.touch(96) * (2.2 if spans < 6 else 1.4))
    if panel.portrait:
        top += room - len(form.keys) * (key_h + gap)
    rows = Rect(body.x, top, body.w, room).rows([key_h] * len(form.keys), gap)
    for row, rect in zip(form.keys, rows, strict=True):
        placed += _keys(row, rect, unit, gap)
    return placed


def _keys(row: Sequence[Key], rect: Rect, unit: float, gap: int) -> list[Placed]:
    """A row of keys in the middle of `rect`."""
    width = sum(key.span for key in row) * unit
    x = rect.x + (rect.w + gap - width) / 2
    placed = []
    for key in row:
        left, right = round(x), round(x + key.span * unit) - gap
        placed.append(Placed(key, Rect(left, rect.y, right - left, rect.h)))
        x += key.span * unit
    return placed


def _summary(lines: Sequence[Line], body: Rect, panel: Panel) -> list[Placed]:
    """On one sheet, like a receipt."""
    pad = 4 if panel.low else panel.px(14)
    height = min(panel.px(76), (body.h - 2 * pad) // max(1, len(lines)))
    width = min(body.w, panel.px(960))
    sheet = Rect(body.x + (body.w - width) // 2, body.y, width, height * len(lines) + 2 * pad)
    rows = sheet.inset(panel.px(36), pad).rows([height] * len(lines), 0)
    placed = [Placed(line, rect) for line, rect in zip(lines, rows, strict=True)]
    return [Placed(Sheet("sheet"), sheet), *placed]


_TEXT_H = {"brand": 96, "title": 84, "lead": 84, "notice": 84, "small": 44, "total": 60}


def _hero(hero: Hero, body: Rect, panel: Panel) -> list[Placed]:
    """A column in the middle; what must be pressed keeps its size, texts and picture give way."""
    gap = panel.px(20)
    bottom, below = body.y + body.h, []
    if hero.small:
        below.append(Placed(hero.small, Rect(body.x, bottom - panel.px(44), body.w, panel.px(44))))
        bottom -= panel.px(44) + gap
    if hero.extras:
        height = panel.touch(68)
        below += _row(hero.extras, Rect(body.x, bottom - height, body.w, height), panel, 220)
        bottom -= height + gap
    button_h = panel.touch(92) if hero.buttons else 0
    room = bottom - body.y - (button_h + 2 * gap if hero.buttons else 0)
    texts_h = [panel.px(_TEXT_H[text.style]) for text in hero.texts]
    picture_h = min(panel.px(230), max(0, room - sum(texts_h) - gap * (len(texts_h) + 1)))
    used = picture_h + sum(texts_h) + gap * len(texts_h)
    y = body.y + max(0, (room - used) // 2)
    column = min(body.w, panel.px(1000))
    stack = Rect(body.x + (body.w - column) // 2, y, column, used)
    picture, *rows = stack.rows([picture_h, *texts_h], gap)
    placed = [Placed(hero.picture, picture)]
    placed += [Placed(text, rect) for text, rect in zip(hero.texts, rows, strict=True)]
    if hero.buttons:
        line = Rect(body.x, y + used + 2 * gap, body.w, button_h)
        placed += _row(hero.buttons, line, panel, 580 if panel.low else 440)
    return [*placed, *below]


def _row(buttons: Sequence[Button], rect: Rect, panel: Panel, wide: int) -> list[Placed]:
    """Buttons side by side in the middle, each `wide` if there is room."""
    count, gap = len(buttons), panel.px(24)
    width = min(rect.w, count * panel.px(wide) + (count - 1) * gap)
    middle = Rect(rect.x + (rect.w - width) // 2, rect.y, width, rect.h)
    return [
        Placed(button, cell)
        for button, cell in zip(buttons, middle.columns(count, gap), strict=True)
    ]
