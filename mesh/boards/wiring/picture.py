"""Wiring pictures, parts lists and wire lists of a plan."""

from typing import NamedTuple

from mesh.boards.catalogue.devices import Extra
from mesh.boards.catalogue.pins import problems
from mesh.boards.catalogue.plan import RAILS, Plan, Thing, Wire
from mesh.boards.wiring.wiring_layout import BOARD, BOX, MARGIN, ROW, Box, Layout, Net, layout
from mesh.core.errors import LocalError
from mesh.hub.show.svg import GREY, Drawing, Point, wrapped

COLOURS = {"3V3": "#d40000", "5V": "#ff7f00", "GND": "#111111", "battery": "#ff7f00"}
BUS = {"sda": "#0057d8", "scl": "#c49a00"}
OTHERS = (
    "#0a8f3c",
    "#8a2be2",
    "#00a0a0",
    "#e0489a",
    "#8b5a2b",
    "#6b8e23",
    "#708090",
    "#004d40",
    "#ab7fe0",
)
LOWER_KOHM = 100  # lower resistor of a divider, as in the battery's data
LINE = 18  # line height of the lists below the picture


class Join(NamedTuple):
    """A wire in words."""

    device: str
    leg: str
    place: str
    colour: str


def draw(plan: Plan, title: str = "") -> str:
    """The picture as SVG. LocalError if the plan has an error, or nothing to wire."""
    for one in problems(plan):
        if one.level == "error":
            raise LocalError(f"{one.path}: {one.detail}", one.help or None)
    if plan.board.header is None or not any(drawn(plan)):
        raise LocalError("there is nothing to wire", None)
    made = layout(plan)
    colours = _colours(plan)
    title = title or str(plan.settings.get("name") or "")
    words = f"{title}: {plan.board.name}" if title else plan.board.name
    picture = Drawing()
    picture.text(MARGIN, 40, words, 22, font_weight="bold")
    _wires(picture, made, colours)
    _board(picture, made, colours)
    for box in made.boxes:
        _device(picture, made, box, colours)
    height = _lists(picture, made, colours)
    return picture.page(made.width, height, words)


def drawn(plan: Plan) -> list[Thing]:
    """The things that have to be wired; others are parts of the board."""
    return [t for t in plan.things if any(w.net and not (w.pin and w.pin.name) for w in t.wires)]


def parts(plan: Plan) -> list[tuple[int, str, str]]:
    """Count, part, and purpose. The pull-up of a shared wire is listed once."""
    found: dict[str, list[str]] = {plan.board.name: ["the board"]}
    shared = set()
    for thing in drawn(plan):
        if not thing.device.made:
            found.setdefault(thing.device.part, []).append(thing.name)
        for extra in thing.device.extras:
            nets = tuple(w.net for w in thing.wires if w.leg.label in extra.joins and w.pin)
            if thing.device.interface == "onewire" and nets in shared:
                continue
            shared.add(nets)
            found.setdefault(_part(thing, extra), []).append(f"{thing.name}: {extra.why}")
    return [(len(uses), part, ", ".join(uses)) for part, uses in found.items()]


def _part(thing: Thing, extra: Extra) -> str:
    """The name of a part. A divider's upper resistor follows from the option `divider`."""
    divider = thing.options.get("divider")
    upper = any(leg.to == "battery" and leg.label in extra.joins for leg in thing.device.legs)
    if thing.device.volts == "divided" and upper and isinstance(divider, int | float):
        return f"resistor {(divider - 1) * LOWER_KOHM:g} kΩ"
    return extra.part


def joins(plan: Plan) -> list[Join]:
    """The wires, as the picture shows them."""
    made, colours = layout(plan), _colours(plan)
    found = []
    for box in made.boxes:
        for wire, _ in box.rows:
            found.append(
                Join(box.thing.name, wire.leg.label, _place(made, box, wire), colours[wire.net])
            )
    return found


def _place(made: Layout, box: Box, wire: Wire) -> str:
    if wire.net == "battery":
        return "the battery's +"
    header = made.plan.board.header
    sides = (box.side, "right" if box.side == "left" else "left")
    for side in sides:
        net = made.nets[side].get(wire.net)
        if net and net.pad and header:
            labels = header.left if side == "left" else header.right
            pin = made.plan.board.pins[labels[net.pad[1]]]
            return f"{pin.printed or pin.label} (pin {header.position(*net.pad)})"
    return wire.net


def _colours(plan: Plan) -> dict[str, str]:
    """The colour of each net: the usual ones for supply, ground and I2C."""
    colours = dict(COLOURS)
    others = 0
    for thing in plan.things:
        for wire in thing.wires:
            if wire.net not in colours:
                if wire.leg.to in BUS and thing.bus == 0:
                    colours[wire.net] = BUS[wire.leg.to]
                else:
                    colours[wire.net] = OTHERS[others % len(OTHERS)]
                    others += 1
    return colours


def _wires(picture: Drawing, made: Layout, colours: dict[str, str]) -> None:
    names = {name: None for nets in made.nets.values() for name in nets}
    for name in names:
        both = [(side, nets[name]) for side, nets in made.nets.items() if name in nets]
        bridge = both[0][1].bridge
        drawn_so = [piece for side, net in both for piece in pieces(made, side, net)]
        if bridge is not None:
            drawn_so.append(((both[0][1].x, bridge), (both[-1][1].x, bridge)))
        picture.wire(drawn_so, colours[name])
        for side, net in both:
            heights = _heights(made, side, net)
            for y in heights:
                if min(heights) < y < max(heights):
                    picture.circle(net.x, y, 4.5, fill=colours[name])


def _heights(made: Layout, side: str, net: Net) -> list[float]:
    """The heights at which wires meet a net's lane."""
    ends = [y for _, y in _ends(made, side, net)]
    return ends + ([net.bridge] if net.bridge is not None else [])


def _ends(made: Layout, side: str, net: Net) -> list[Point]:
    ends = [(made.edge(side), y) for y in net.rows]
    if net.pad:
        ends.append((made.pad_x(side), made.pin_y(net.pad[1])))
    return ends


def pieces(made: Layout, side: str, net: Net) -> list[tuple[Point, Point]]:
    """The straight pieces of a net on one side."""
    heights = _heights(made, side, net)
    lane = ((net.x, min(heights)), (net.x, max(heights)))
    return [lane, *((end, (net.x, end[1])) for end in _ends(made, side, net))]


def _board(picture: Drawing, made: Layout, colours: dict[str, str]) -> None:
    board, header = made.plan.board, made.plan.board.header
    if header is None:
        return
    x, y, height = made.board_x, made.board_y, made.board_height
    style = {"rx": "10", "fill": "#e9f5ec", "stroke": "#2e6b45", "stroke_width": "2"}
    picture.rect((x, y), (BOARD, height), **style)
    middle = x + BOARD / 2
    usb = y - 16 if header.usb == "top" else y + height - 12
    picture.rect((middle - 20, usb), (40, 28), rx="4", fill="#c8c8c8", stroke="#888888")
    picture.text(middle, usb + 18, "USB", 11, text_anchor="middle")
    turn = f"rotate(-90 {middle + 4:g} {y + height / 2:g})"
    centre = {"text_anchor": "middle", "transform": turn, "font_weight": "bold"}
    picture.text(middle + 4, y + height / 2, board.name, 15, fill="#2e6b45", **centre)
    used = made.pads()
    for side, labels in (("left", header.left), ("right", header.right)):
        away, anchor = (1, "start") if side == "left" else (-1, "end")
        edge = made.pad_x(side)
        for i, label in enumerate(labels):
            pin, net = board.pins[label], used.get((side, i))
            row = made.pin_y(i)
            dot = colours[net] if net else "#ffffff"
            picture.circle(edge, row, 6, fill=dot, stroke="#555555", stroke_width="1.5")
            ink = {"font_weight": "bold"} if net else {"fill": "#555555"}
            words = pin.printed or label
            picture.text(edge + away * 13, row + 4, words, 12, text_anchor=anchor, **ink)
            place = header.position(side, i)
            picture.text(edge + away * 86, row + 4, place, 10, text_anchor=anchor, fill=GREY)


def _device(picture: Drawing, made: Layout, box: Box, colours: dict[str, str]) -> None:
    left = box.side == "left"
    edge = made.edge(box.side)
    x = edge - BOX if left else edge
    style = {"rx": "8", "fill": "#f3f3fb", "stroke": "#44447a", "stroke_width": "2"}
    picture.rect((x, box.y), (BOX, box.height), **style)
    picture.text(x + 12, box.y + 20, box.thing.name, 14, font_weight="bold")
    for i, line in enumerate(wrapped(box.thing.device.part, 36)[:2]):
        picture.text(x + 12, box.y + 36 + 13 * i, line, 11, fill="#333333")
    away = -1 if left else 1
    for wire, y in box.rows:
        picture.circle(edge, y, 5, fill=colours[wire.net], stroke="#555555")
        words = wire.leg.label
        anchor = "end" if left else "start"
        picture.text(edge + away * 12, y + 4, words, 12, text_anchor=anchor, font_weight="bold")
        if wire.net == "battery":
            _to_battery(picture, edge, y, -away, colours["battery"])
    _extras(picture, box, edge, -away)


def _to_battery(picture: Drawing, edge: float, y: float, away: int, colour: str) -> None:
    end = edge + away * 46
    picture.wire([((edge + away * 5, y), (end, y))], colour)
    picture.circle(end, y, 4.5, fill="#ffffff", stroke=colour, stroke_width="2.5")
    anchor = "start" if away > 0 else "end"
    picture.text(end + away * 8, y + 4, "battery +", 11, text_anchor=anchor)


def _extras(picture: Drawing, box: Box, edge: float, away: int) -> None:
    """Resistors and other extra parts, in the strip beside the device."""
    rows = {wire.leg.label: y for wire, y in box.rows}
    anchor = "start" if away > 0 else "end"
    style = {"rx": "3", "fill": "#f2d9a8", "stroke": "#7a5a1a", "stroke_width": "1.5"}
    for extra in box.thing.device.extras:
        value = _part(box.thing, extra).partition(" ")[2].partition(",")[0]
        if extra.in_wire:
            y = rows[extra.in_wire]
            start = edge + 30 if away > 0 else edge - 70
            picture.rect((start, y - 6), (40, 12), **style)
            picture.text(edge + away * 30, y - 10, value, 11, text_anchor=anchor)
        else:
            top, low = sorted(rows[label] for label in extra.joins)
            x = edge + away * 24
            picture.wire([((x, top), (x, low))], "#7a5a1a")
            for y in (top, low):
                picture.circle(x, y, 3.5, fill="#7a5a1a")
            picture.rect((x - 5, top + 5), (10, low - top - 10), **style)
            picture.text(x + away * 10, (top + low) / 2 + 4, value, 11, text_anchor=anchor)


def _lists(picture: Drawing, made: Layout, colours: dict[str, str]) -> float:
    """Wires, parts and notes below the picture. Gives where they end."""
    plan, top = made.plan, made.bottom + 2 * ROW
    half = (made.width - 2 * MARGIN) / 2
    picture.text(MARGIN, top, "Wire by wire", 15, font_weight="bold")
    y = top + LINE + 4
    for one in joins(plan):
        picture.circle(MARGIN + 7, y - 4, 5, fill=one.colour, stroke="#555555")
        picture.text(MARGIN + 20, y, f"{one.device} {one.leg}  →  {one.place}", 12)
        y += LINE
    x, other = MARGIN + half, top
    wide = max(int(half / 7.2), 30)
    blocks = {
        "Parts": [f"{count} x {part} ({why})" for count, part, why in parts(plan)],
        "Mind": _notes(plan),
    }
    for head, rows in blocks.items():
        if not rows:
            continue
        picture.text(x, other, head, 15, font_weight="bold")
        other += LINE + 4
        for row in rows:
            for i, line in enumerate(wrapped(row, wide)):
                picture.text(x + (12 if i else 0), other, line, 12)
                other += LINE
        other += LINE
    return max(y, other) + MARGIN


def _notes(plan: Plan) -> list[str]:
    notes = ["Unplug USB and battery while you wire."]
    rails = [r for r in RAILS if sum(w.net == r for t in drawn(plan) for w in t.wires) > 1]
    if rails:
        notes.append(
            f"{' and '.join(rails)}: where several wires meet, use the long rows of a breadboard."
        )
    for thing in drawn(plan):
        notes += [f"{thing.name}: {note}" for note in thing.device.notes]
    for thing in plan.things:
        if thing not in drawn(plan):
            notes.append(f"{thing.name} is on the board: nothing to wire.")
    notes += [f"{one.path}: {one.detail}." for one in problems(plan)]
    return list(dict.fromkeys(notes))
