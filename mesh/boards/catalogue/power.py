"""Power budget of a set-up, and battery life. The figures are in hardware/."""

from dataclasses import dataclass

from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.catalogue.plan import Plan, Thing
from mesh.core.errors import LocalError

EVERY_S = 60.0  # default of the settings
HOURS = 24


@dataclass(frozen=True)
class Assumptions:
    """Assumptions that are not in the settings."""

    capacity_mah: float = 2000.0  # capacity of the battery
    usable: float = 0.8  # usable part of it: less by cold, age and the regulator
    awake_s: float = 6.0  # one wake period: start, join Wi-Fi, measure, hand over
    sending_s: float = 1.0  # of it with the radio sending
    bare: bool = False  # a bare module, without USB bridge, regulator and LED


@dataclass(frozen=True)
class Share:
    """A consumer, in mA on average."""

    what: str
    ma: float
    how: str
    source: str
    checked: bool


@dataclass(frozen=True)
class Budget:
    """The whole power budget."""

    shares: tuple[Share, ...]
    mean_ma: float
    mah_per_day: float
    days: float
    assumed: Assumptions
    notes: tuple[str, ...]


def budget(plan: Plan, assumed: Assumptions | None = None) -> Budget:
    """The power budget. LocalError if the board has no figures, or the assumptions are invalid.

    Actuators count as off. Currents are at the board's supply; a regulator's efficiency is
    ignored.
    """
    assumed = assumed or Assumptions()
    if not plan.board.power:
        raise LocalError(f"there are no figures of {plan.board.name}", "choose another --board")
    period = _period(plan)
    if period and not 0 <= assumed.sending_s <= assumed.awake_s <= period:
        raise LocalError(
            f"awake for {assumed.awake_s:g} s every {period:g} s, sending for "
            f"{assumed.sending_s:g} s of that: this does not fit",
            "make sleep.every_s longer, or --awake shorter",
        )
    shares = [*_board(plan.board, period, assumed), *(_device(t, period) for t in plan.things)]
    mean = sum(share.ma for share in shares)
    return Budget(
        tuple(sorted(shares, key=lambda share: -share.ma)),
        mean,
        mean * HOURS,
        assumed.capacity_mah * assumed.usable / (mean * HOURS),
        assumed,
        tuple(_notes(shares, period)),
    )


def _period(plan: Plan) -> float:
    """Seconds between wake-ups; 0 without deep sleep."""
    return float(plan.settings.get("sleep", {}).get("every_s", 0))


def _board(board: BoardData, period: float, assumed: Assumptions) -> list[Share]:
    if period:
        listening = assumed.awake_s - assumed.sending_s
        times = {
            "deep_sleep": (period - assumed.awake_s, "asleep"),
            "wifi_on": (listening, "awake"),
            "wifi_busy": (assumed.sending_s, "sending"),
        }
    else:
        period = 1.0
        times = {"wifi_on": (1.0, "awake, Wi-Fi listening")}
    shares = []
    for mode, (seconds, words) in times.items():
        figure = board.power[mode]
        how = f"{figure.value:g} mA for {seconds:g} of {period:g} s"
        ma = figure.value * seconds / period
        shares.append(Share(f"board, {words}", ma, how, figure.source, figure.checked))
    own = board.power.get("own")
    if own and own.value and not assumed.bare:
        how = f"{own.value:g} mA all the time"
        shares.append(Share("board, its other parts", own.value, how, own.source, own.checked))
    return shares


def _device(thing: Thing, period: float) -> Share:
    current = thing.device.current
    how = f"{current.rest_ua:g} µA all the time"
    ua = current.rest_ua
    if thing.device.group == "sensors" and current.active_ms:
        interval = max(float(thing.options.get("every_s", EVERY_S)), period)
        samples = thing.options.get("samples", 1)
        part = min(samples * current.active_ms / 1000 / interval, 1.0)
        ua += (current.active_ua - current.rest_ua) * part
        how += f", {current.active_ua:g} µA for {samples * current.active_ms:g} ms"
        how += f" every {interval:g} s"
    elif thing.device.group == "actuators":
        how += f" while it is off; on: {current.active_ua / 1000:g} mA"
    return Share(thing.name, ua / 1000, how, current.source, current.checked)


def _notes(shares: list[Share], period: float) -> list[str]:
    notes = ["Actuators count as off.", "A battery's own losses over months are left out."]
    if not period:
        notes.append(
            'It is awake all the time: "sleep": {"every_s": 600} would make a battery last.'
        )
    unsure = [share.what for share in shares if not share.checked]
    if unsure:
        notes.append("Estimated, not looked up: " + ", ".join(unsure) + ".")
    return notes
