"""Draws the wiring diagrams of this folder, wiring-*.svg, that docs/wiring.md shows.

`.venv/bin/python docs/pictures/wiring.py`
"""

from __future__ import annotations

from html import escape
from pathlib import Path

HERE = Path(__file__).parent
PLUS, ZERO, SIGNAL, FIRE = "#c0392b", "#2c5f9e", "#2f7d4f", "#d35400"
INK, PAPER, CARD = "#222", "#ffffff", "#f4f1ea"


class Sheet:
    """One picture; lengths in pixels, y downwards."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._size = width, height
        self._parts = [f'<rect width="{width}" height="{height}" fill="{PAPER}"/>']
        self.text(20, 32, title, size=20, bold=True)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 14,
        anchor: str = "start",
        bold: bool = False,
        color: str = INK,
    ) -> None:
        weight = ' font-weight="bold"' if bold else ""
        for row, line in enumerate(words.split("\n")):
            self._parts.append(
                f'<text x="{x}" y="{y + row * size * 1.3:g}" font-size="{size}" '
                f'text-anchor="{anchor}" fill="{color}"{weight}>{escape(line)}</text>'
            )

    def box(self, x: float, y: float, w: float, h: float, title: str) -> None:
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{CARD}" '
            f'stroke="{INK}" stroke-width="1.5"/>'
        )
        self.text(x + w / 2, y + 22, title, anchor="middle", bold=True)

    def wire(self, color: str, *points: tuple[float, float], dashed: bool = False) -> None:
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        dash = ' stroke-dasharray="7 5"' if dashed else ""
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"{dash}/>'
        )

    def dot(self, x: float, y: float, color: str = INK) -> None:
        self._parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{color}"/>')

    def pin(self, x: float, y: float, label: str, side: str) -> None:
        """A terminal on the edge of a box; its label stands inside, to the left or right of it."""
        self._parts.append(
            f'<circle cx="{x}" cy="{y}" r="5" fill="{PAPER}" stroke="{INK}" stroke-width="1.5"/>'
        )
        left = side == "left"
        self.text(x - 10 if left else x + 10, y + 5, label, anchor="end" if left else "start")

    def contact(self, x: float, y: float, color: str, *, closed: bool, label: str = "") -> None:
        """A switch from (x, y) to (x + 60, y), drawn as it rests."""
        self.wire(color, (x, y), (x + 12, y))
        self.wire(color, (x + 48, y), (x + 60, y))
        self.dot(x + 12, y, color)
        self.dot(x + 48, y, color)
        self.wire(color, (x + 12, y), (x + 50, y - (5 if closed else 20)))
        if label:
            self.text(x + 30, y + 22, label, anchor="middle", size=12)

    def coil(self, x: float, y: float, label: str) -> None:
        """From (x, y) down to (x, y + 60), with its diode to the right."""
        self._parts.append(
            f'<rect x="{x - 14}" y="{y + 12}" width="28" height="36" fill="{PAPER}" '
            f'stroke="{INK}" stroke-width="2"/>'
        )
        self.wire(INK, (x - 14, y + 48), (x + 14, y + 12))
        self.wire(PLUS, (x, y), (x, y + 12))
        self.wire(ZERO, (x, y + 48), (x, y + 60))
        self.text(x - 22, y + 35, label, anchor="end")
        side = x + 42
        self.wire(INK, (x, y), (side, y), (side, y + 20))
        self.wire(INK, (side, y + 40), (side, y + 60), (x, y + 60))
        self._parts.append(
            f'<polygon points="{side - 10},{y + 40} {side + 10},{y + 40} {side},{y + 22}" '
            f'fill="{INK}"/>'
        )
        self.wire(INK, (side - 10, y + 21), (side + 10, y + 21))

    def resistor(self, x: float, y: float, label: str) -> None:
        """From (x, y) down to (x, y + 60)."""
        self.wire(SIGNAL, (x, y), (x, y + 14))
        self._parts.append(
            f'<rect x="{x - 7}" y="{y + 14}" width="14" height="32" fill="{PAPER}" '
            f'stroke="{INK}" stroke-width="2"/>'
        )
        self.wire(ZERO, (x, y + 46), (x, y + 60))
        self.text(x + 14, y + 35, label, size=12)

    def ground(self, x: float, y: float) -> None:
        for row, half in enumerate((12, 8, 4)):
            self.wire(ZERO, (x - half, y + row * 5), (x + half, y + row * 5))

    def save(self, name: str) -> None:
        width, height = self._size
        body = "\n".join(self._parts)
        (HERE / f"wiring-{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="DejaVu Sans, Arial, sans-serif">\n'
            f"{body}\n</svg>\n"
        )


def computer(sheet: Sheet, y: float, h: float, pins: dict[str, float]) -> None:
    sheet.box(20, y, 170, h, "Raspberry Pi")
    for label, at in pins.items():
        sheet.pin(190, at, label, "left")


def relay(sheet: Sheet, y: float, name: str, *, resting: str = "NO") -> None:
    """A relay: its input at (320, y), its contact from (480, y) to (540, y) with leads."""
    sheet.box(320, y - 32, 140, 66, "")
    sheet.text(390, y - 12, name, anchor="middle", bold=True)
    sheet.pin(320, y + 8, "IN", "right")
    sheet.text(450, y + 13, f"COM / {resting}", anchor="end", size=12)
    sheet.wire(INK, (460, y - 10), (512, y - 10), dashed=True)


def rails(sheet: Sheet, *, top: float, bottom: float, x1: float, x2: float) -> None:
    sheet.wire(PLUS, (x1, top), (x2, top))
    sheet.text(x2 + 8, top + 5, "+24 V", color=PLUS, bold=True)
    sheet.wire(ZERO, (x1, bottom), (x2, bottom))
    sheet.text(x2 + 8, bottom + 5, "0 V", color=ZERO, bold=True)


def latch(sheet: Sheet, y: float, name: str, *, coil: str, x: float, top: float) -> None:
    """A relay at y whose contact lets the coil at x have the supply at `top`; 0 V is below."""
    sheet.wire(SIGNAL, (190, y + 8), (320, y + 8))
    relay(sheet, y, name)
    sheet.wire(PLUS, (480, top), (480, y))
    sheet.dot(480, top, PLUS)
    sheet.contact(480, y, PLUS, closed=False)
    sheet.wire(PLUS, (540, y), (x, y), (x, y + 14))
    sheet.coil(x, y + 14, coil)


def sensor(sheet: Sheet, y: float, name: str, *, closed: bool = False, x: float = 560) -> None:
    """A dry contact between the Pi's pin and ground."""
    sheet.wire(SIGNAL, (190, y), (x, y))
    sheet.contact(x, y, SIGNAL, closed=closed)
    sheet.wire(ZERO, (x + 60, y), (x + 100, y), (x + 100, y + 12))
    sheet.ground(x + 100, y + 12)
    sheet.text(x + 122, y + 5, name)


def tripod() -> None:
    sheet = Sheet(900, 400, "Tripod, one way: latch and rotation contact")
    computer(sheet, 60, 300, {"GPIO 17": 150, "GPIO 22": 310, "GND": 340})
    rails(sheet, top=80, bottom=250, x1=480, x2=800)
    latch(sheet, 142, "latch_in", coil="solenoid", x=680, top=80)
    sheet.wire(ZERO, (680, 216), (680, 250))
    sheet.dot(680, 250, ZERO)
    sheet.resistor(250, 150, "10 kΩ")
    sheet.dot(250, 150, SIGNAL)
    sheet.ground(250, 210)
    sheet.text(735, 190, "diode across\nthe coil", size=12)
    sensor(sheet, 310, "sensor: closes once\nin each rotation")
    sheet.wire(ZERO, (190, 340), (230, 340), (230, 352))
    sheet.ground(230, 352)
    sheet.save("tripod")


def tripod_both() -> None:
    sheet = Sheet(960, 620, "Tripod, both ways: latches A and B, a contact for each way, drop arm")
    pins = {"GPIO 17": 150, "GPIO 27": 260, "GPIO 23": 370, "GPIO 22": 500, "GPIO 24": 560}
    computer(sheet, 60, 540, pins)
    rails(sheet, top=80, bottom=460, x1=480, x2=890)
    for y, name, coil, x in (
        (142, "latch_in", "A", 830),
        (252, "latch_out", "B", 730),
        (362, "drop_arm", "magnet", 640),
    ):
        latch(sheet, y, name, coil=coil, x=x, top=80)
        sheet.wire(ZERO, (x, y + 74), (x, 460))
        sheet.dot(x, 460, ZERO)
    sheet.wire(PAPER, (552, 362), (590, 362))
    sheet.contact(540, 362, PLUS, closed=True)
    sheet.text(570, 340, "fire contact", anchor="middle", color=FIRE, bold=True)
    sensor(sheet, 500, "sensor_in")
    sensor(sheet, 560, "sensor_out")
    sheet.save("tripod-both")


def swing_gate() -> None:
    sheet = Sheet(960, 640, "Swing or speed gate: commands to its controller, two light barriers")
    pins = {"GPIO 17": 110, "GPIO 27": 190, "GPIO 23": 270, "GPIO 22": 370, "GPIO 24": 430}
    computer(sheet, 60, 400, pins)
    sheet.box(680, 60, 250, 400, "Gate controller")
    for y, name, terminal in (
        (102, "open_in", "OPEN A"),
        (182, "open_out", "OPEN B"),
        (262, "close", "CLOSE"),
    ):
        closed = name != "close"
        sheet.wire(SIGNAL, (190, y + 8), (320, y + 8))
        relay(sheet, y, name, resting="NC" if closed else "NO")
        sheet.wire(INK, (480, y), (500, y))
        sheet.contact(500, y, INK, closed=closed)
        sheet.wire(INK, (560, y), (680, y))
        sheet.pin(680, y, terminal, "right")
        sheet.dot(480, y)
    sheet.wire(INK, (480, 102), (480, 310), (680, 310))
    sheet.pin(680, 310, "COMMON", "right")
    for y, name in ((370, "outer"), (430, "inner")):
        sheet.wire(SIGNAL, (190, y), (680, y))
        sheet.pin(680, y, f"barrier {name}, contact", "right")
        sheet.text(330, y - 8, f"{name}: closes while broken", size=12)
    sheet.wire(FIRE, (850, 560), (850, 460))
    sheet.text(845, 480, "EMERGENCY ", anchor="end", color=FIRE, size=12)
    sheet.text(850, 580, "fire contact, straight\nto the controller", anchor="middle", color=FIRE)
    sheet.text(20, 500, "Seen from above", bold=True)
    sheet.wire(INK, (60, 520), (560, 520))
    sheet.wire(INK, (60, 610), (560, 610))
    for x, name in ((250, "outer"), (340, "inner")):
        sheet.wire(PLUS, (x, 520), (x, 610), dashed=True)
        sheet.text(x, 630, name, anchor="middle")
    sheet.text(295, 560, "20 to 30 cm", anchor="middle", size=12)
    sheet.wire(SIGNAL, (90, 570), (200, 570))
    sheet.wire(SIGNAL, (188, 562), (200, 570), (188, 578))
    sheet.text(100, 560, "in", color=SIGNAL, bold=True)
    sheet.save("swing-gate")


def door() -> None:
    sheet = Sheet(940, 470, "Door: holding magnet, door contact, button to get out")
    computer(sheet, 60, 370, {"GPIO 17": 190, "GPIO 22": 330, "GPIO 24": 390})
    sheet.wire(PLUS, (460, 120), (520, 120))
    sheet.contact(520, 120, PLUS, closed=True)
    sheet.wire(PLUS, (580, 120), (640, 120))
    sheet.contact(640, 120, PLUS, closed=True)
    sheet.wire(PLUS, (700, 120), (780, 120), (780, 150), (480, 150), (480, 182))
    sheet.text(452, 125, "+24 V", anchor="end", color=PLUS, bold=True)
    sheet.wire(ZERO, (460, 290), (780, 290))
    sheet.text(452, 295, "0 V", anchor="end", color=ZERO, bold=True)
    sheet.text(550, 100, "fire contact", anchor="middle", color=FIRE, bold=True)
    sheet.text(670, 84, "break-glass\nbeside the door", anchor="middle", color=FIRE, size=12)
    sheet.wire(SIGNAL, (190, 190), (320, 190))
    relay(sheet, 182, "strike")
    sheet.contact(480, 182, PLUS, closed=False)
    sheet.wire(PLUS, (540, 182), (680, 182), (680, 196))
    sheet.coil(680, 196, "magnet")
    sheet.wire(ZERO, (680, 256), (680, 290))
    sheet.dot(680, 290, ZERO)
    sensor(sheet, 330, "contact: opens with the door", closed=True)
    sensor(sheet, 390, "exit_button: closes when pressed")
    sheet.save("door")


def fire() -> None:
    sheet = Sheet(900, 420, "Fire: one pole cuts the holding supply, the other tells the gate")
    sheet.box(340, 60, 220, 320, "Fire panel, relay")
    sheet.text(450, 104, "drawn at rest;\nboth open on alarm", anchor="middle", size=12)
    sheet.wire(PLUS, (60, 190), (420, 190))
    sheet.contact(420, 190, PLUS, closed=True, label="pole 1")
    sheet.wire(PLUS, (480, 190), (700, 190))
    sheet.text(60, 175, "+24 V", color=PLUS, bold=True)
    sheet.text(710, 186, "to all that holds\na barrier shut:\nmagnets, drop arms", color=PLUS)
    sheet.box(20, 250, 150, 120, "Raspberry Pi")
    sheet.pin(170, 310, "GPIO 5", "left")
    sheet.text(95, 350, "pulls up", anchor="middle", size=12)
    sheet.wire(SIGNAL, (170, 310), (420, 310))
    sheet.contact(420, 310, SIGNAL, closed=True, label="pole 2")
    sheet.wire(ZERO, (480, 310), (620, 310), (620, 322))
    sheet.ground(620, 322)
    sheet.text(645, 305, "a cut wire is an alarm:\nthe pin goes high", size=14)
    sheet.wire(FIRE, (450, 222), (450, 298), dashed=True)
    sheet.save("fire")


def output() -> None:
    sheet = Sheet(900, 360, "An output line: pull-down, relay, flyback diode")
    computer(sheet, 60, 250, {"GPIO 17": 140, "GND": 270})
    sheet.wire(SIGNAL, (190, 140), (320, 140))
    sheet.dot(250, 140, SIGNAL)
    sheet.resistor(250, 140, "10 kΩ")
    sheet.ground(250, 200)
    sheet.text(20, 335, "holds the relay off while the Pi starts, and its pin is an input", size=12)
    relay(sheet, 132, "relay board")
    sheet.wire(ZERO, (190, 270), (390, 270), (390, 166))
    rails(sheet, top=80, bottom=270, x1=480, x2=780)
    sheet.text(630, 70, "a supply of its own", anchor="middle", size=12)
    sheet.wire(PLUS, (480, 80), (480, 132))
    sheet.contact(480, 132, PLUS, closed=False)
    sheet.wire(PLUS, (540, 132), (680, 132), (680, 150))
    sheet.coil(680, 150, "coil")
    sheet.wire(ZERO, (680, 210), (680, 270))
    sheet.text(740, 175, "flyback diode,\nstripe to plus", size=12)
    sheet.save("output")


if __name__ == "__main__":
    for draw in (tripod, tripod_both, swing_gate, door, fire, output):
        draw()
