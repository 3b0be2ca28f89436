"""Layout of a wiring picture: positions only, no drawing.

The board is in the middle, with a column of devices on either side. Each net of a side has a
vertical lane between column and board, and its wires run into it horizontally. Rows of devices are
shifted by half a step from rows of the board, so that wires never coincide.
"""

from dataclasses import dataclass, field

from mesh.boards.catalogue.plan import RAILS, Plan, Thing, Wire

ROW = 26  # distance of pins
BOX = 222  # width of a device
STRIP = 118  # width of the strip beside a device, for its resistors
LANE = 15
MARGIN = 24
BOARD = 274  # width of the board
TOP = 74  # space for the title
HEAD = 2 * ROW  # height of a device above its first pin
GAP = ROW  # distance of devices
BRIDGE = 14  # distance of wires across the board

Point = tuple[float, float]


@dataclass
class Box:
    """A device in the picture."""

    thing: Thing
    side: str  # "left" or "right"
    y: float
    rows: list[tuple[Wire, float]]
    height: float


@dataclass
class Net:
    """A net on one side: what is joined."""

    name: str
    x: float = 0.0  # x of its lane
    rows: list[float] = field(default_factory=list)  # y of legs
    pad: tuple[str, int] | None = None  # (side, index) of the board's pin, if it is on this side
    bridge: float | None = None  # y of the wire across the board


@dataclass
class Layout:
    """All positions."""

    plan: Plan
    boxes: list[Box]
    nets: dict[str, dict[str, Net]]  # by side, by name
    board_x: float
    board_y: float
    board_height: float
    width: float
    bottom: float

    def pin_y(self, index: int) -> float:
        """The y of a pin of the board."""
        return self.board_y + ROW * (index + 1)

    def edge(self, side: str) -> float:
        """The x of the devices' legs."""
        return MARGIN + BOX if side == "left" else self.width - MARGIN - BOX

    def pad_x(self, side: str) -> float:
        """The x of the board's edge."""
        return self.board_x if side == "left" else self.board_x + BOARD

    def pads(self) -> dict[tuple[str, int], str]:
        """The board's pins in use: (side, index) -> net."""
        return {
            net.pad: net.name for nets in self.nets.values() for net in nets.values() if net.pad
        }


def layout(plan: Plan) -> Layout:
    """Lay out a plan whose board has pins."""
    header = plan.board.header
    assert header  # noqa: S101 - the caller looks
    sides = _sides(plan)
    nets: dict[str, dict[str, Net]] = {"left": {}, "right": {}}
    used = {
        side: {w.net for t in things for w in t.wires if w.net != "battery"}
        for side, things in sides.items()
    }
    bridges = _bridged(plan, used)
    board_y = TOP + BRIDGE * (len(bridges) + 1)
    boxes = [box for side, things in sides.items() for box in _column(things, side, board_y)]
    for side, names in used.items():
        homes = {name for name in bridges if _home(plan, name) == side}
        for name in sorted(names | homes, key=lambda name: _order(plan, name)):
            nets[side][name] = Net(name)
    for box in boxes:
        for wire, y in box.rows:
            if wire.net in nets[box.side]:
                nets[box.side][wire.net].rows.append(y)
    lanes = {side: LANE * len(names) for side, names in nets.items()}
    column = {side: BOX + STRIP if sides[side] else 0 for side in sides}
    board_x = MARGIN + column["left"] + lanes["left"] + LANE
    height = ROW * (max(len(header.left), len(header.right)) + 1) + 6
    width = board_x + BOARD + LANE + lanes["right"] + column["right"] + MARGIN
    bottom = max([board_y + height, *(box.y + box.height for box in boxes)])
    made = Layout(plan, boxes, nets, board_x, board_y, height, width, bottom)
    _lanes(made, bridges)
    return made


def _places(plan: Plan, name: str, side: str) -> list[int]:
    """Where a net can join the board on a side of the header."""
    header, pins = plan.board.header, plan.board.pins
    labels = (header.left if side == "left" else header.right) if header else ()
    if name in RAILS:
        return [i for i, label in enumerate(labels) if pins[label].rail == name]
    return [i for i, label in enumerate(labels) if label == name]


def _home(plan: Plan, name: str) -> str:
    return "left" if _places(plan, name, "left") else "right"


def _order(plan: Plan, name: str) -> tuple[int, int]:
    """The order of nets: signals next to the board, from the top; then the rails."""
    if name in RAILS:
        return 1, -RAILS.index(name)
    return 0, _places(plan, name, _home(plan, name))[0]


def _bridged(plan: Plan, used: dict[str, set[str]]) -> list[str]:
    """Nets that a side uses without a pin there: their wires go across the board."""
    missing = {
        name for side, names in used.items() for name in names if not _places(plan, name, side)
    }
    return sorted(missing, key=lambda name: _order(plan, name))


def _sides(plan: Plan) -> dict[str, list[Thing]]:
    """Put each device on the side of its pins, unless that side gets much longer than the
    board.
    """
    sides: dict[str, list[Thing]] = {"left": [], "right": []}
    most = ROW * (len(plan.board.header.left) + 2) if plan.board.header else 0
    for thing in plan.things:
        signals = [w.net for w in thing.wires if w.pin and not w.pin.name]
        if not signals:
            continue
        left = sum(_home(plan, name) == "left" for name in signals)
        side, other = ("left", "right") if 2 * left >= len(signals) else ("right", "left")
        tall = sum(_height(one) + GAP for one in sides[side])
        if tall + _height(thing) > most and sum(_height(o) + GAP for o in sides[other]) < tall:
            side = other
        sides[side].append(thing)
    return sides


def _height(thing: Thing) -> float:
    return HEAD + ROW * len(thing.wires)


def _column(things: list[Thing], side: str, board_y: float) -> list[Box]:
    boxes = []
    y = board_y
    for thing in things:
        rows = [(wire, y + HEAD + ROW * (i + 0.5)) for i, wire in enumerate(thing.wires)]
        boxes.append(Box(thing, side, y, rows, _height(thing)))
        y += _height(thing) + GAP
    return boxes


def _lanes(made: Layout, bridges: list[str]) -> None:
    for side, nets in made.nets.items():
        away = -1 if side == "left" else 1
        for i, net in enumerate(nets.values()):
            net.x = made.pad_x(side) + away * LANE * (i + 1.5)
            places = _places(made.plan, net.name, side)
            middle = sum(net.rows) / len(net.rows) if net.rows else made.board_y
            if places:
                net.pad = side, _nearest(made, side, places, middle)
            if net.name in bridges:
                net.bridge = made.board_y - 24 - BRIDGE * bridges.index(net.name)


def _nearest(made: Layout, side: str, places: list[int], y: float) -> int:
    """The nearest place, among those with the plainest label (GND rather than AGND)."""
    header = made.plan.board.header
    labels = (header.left if side == "left" else header.right) if header else ()
    return min(places, key=lambda i: (len(labels[i]), abs(made.pin_y(i) - y)))
