"""Where everything goes: a Screen on a panel of a given size becomes rectangles. Pure."""

from __future__ import annotations

from hal.screen.geometry import Panel, Rect
from kiosk.arrange import arrange
from kiosk.geometry import Frame, Laid, Placed, foot_parts
from kiosk.widgets import Screen, Text


def lay_out(screen: Screen, panel: Panel) -> Laid:
    """Everything lies within the panel; no two targets overlap."""
    frame = _frame(screen, panel)
    body = arrange(screen, frame, panel)
    placed = (*_head(screen, frame), *body, *_foot(screen, frame, panel))
    return Laid(screen, panel, placed)


def _frame(screen: Screen, panel: Panel) -> Frame:
    margin, gap = panel.margin, panel.gap
    width = panel.width - 2 * margin
    return Frame(*_bands(screen, panel, margin, width, gap))


def _bands(screen: Screen, panel: Panel, x: int, width: int, gap: int) -> list[Rect]:
    nothing = Rect(x, 0, width, 0)
    over_w = max(panel.touch(60), panel.px(210)) if screen.over else 0
    y = panel.margin
    progress = over = title = lead = notice = nothing
    if panel.low:
        progress = Rect(x, 5, width, 5) if screen.progress else nothing
        if screen.title:
            row = panel.target
            over = Rect(x + width - over_w, y, over_w, row)
            lead_h = row * 2 // 5 if screen.lead else 0
            text_w = width - over_w - gap if over_w else width
            title = Rect(x, y, text_w, row - lead_h)
            lead = Rect(x, y + row - lead_h, text_w, lead_h)
            y += row + gap
    else:
        if screen.progress:
            row = panel.touch(56)
            over = Rect(x + width - over_w, y, over_w, row)
            progress = Rect(x, y, width - over_w - 2 * gap, row)
            y += row + gap
        if screen.title:
            title = Rect(x, y + gap // 2, width, panel.px(60))
            y += panel.px(60) + gap // 2
        if screen.lead:
            lead = Rect(x, y, width, panel.px(40))
            y += panel.px(40)
        y += gap if screen.title else 0
    if screen.notice:
        height = panel.px(76)
        notice = Rect(x, y, width, height)
        y += height + gap
    foot_h = panel.touch(84) if screen.back or screen.next else 0
    bottom = panel.height - panel.margin
    footer = Rect(x, bottom - foot_h, width, foot_h)
    end = footer.y - gap if foot_h else bottom
    body = Rect(x, y, width, end - y)
    return [progress, title, over, lead, notice, body, footer]


def _head(screen: Screen, frame: Frame) -> list[Placed]:
    placed = []
    if screen.progress:
        placed.append(Placed(screen.progress, frame.progress))
    if screen.over:
        placed.append(Placed(screen.over, frame.over))
    if screen.title:
        placed.append(Placed(Text("title", screen.title, "title"), frame.title))
    if screen.lead:
        placed.append(Placed(Text("lead", screen.lead), frame.lead))
    if screen.notice:
        placed.append(Placed(Text("notice", screen.notice, "notice"), frame.notice))
    return placed


def _foot(screen: Screen, frame: Frame, panel: Panel) -> list[Placed]:
    left, middle, right = foot_parts(frame.footer, panel)
    placed = []
    if screen.back:
        placed.append(Placed(screen.back, left))
    if screen.next:
        placed.append(Placed(screen.next, right))
    if screen.middle:
        placed.append(Placed(screen.middle, middle))
    return placed
