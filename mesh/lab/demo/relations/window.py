"""An object is asked to let its window be set: it offers less, and does that until it ends."""

from mesh.core import peer_id as ids
from mesh.core.errors import MeshError
from mesh.core.peer_id import from_text
from mesh.hub.failure import Refused
from mesh.lab.demo.relations.greenhouse import OPEN_S, WIDEST
from mesh.lab.demo.relations.scene import Scene, Watch

DOOR, WINDOW = "door", "window"
WISH, WISH_S = 80, 600


async def ask(scene: Scene) -> str:
    """Ask for more than the holder allows. Gives the ref of what it offers."""
    refused = await _refused(scene)
    wish = f"to open its window by {WISH}°, for {WISH_S // 60} min"
    await scene.chapter("A request.", f"The window of {DOOR}: {refused}; so she asks it {wish}")
    args = {"peer": _door(scene), "actuator": WINDOW, "value": str(WISH), "seconds": WISH_S}
    offered = await scene.desk.do("request", **args, timeout=30.0)
    seen = bool(refused) and offered["did"] == "offered"
    reason, high, seconds = (offered.get(key) for key in ("reason", "high", "seconds"))
    how = f'"{reason}"; it offers {high}°'
    is_less = (high, seconds) == (WIDEST, OPEN_S)
    scene.checks.note("a counter-offer", seen and is_less, how)
    return str(offered["ref"])


async def accept(scene: Scene, ref: str) -> None:
    """Accept that, and set it."""
    args = {"peer": _door(scene), "actuator": WINDOW, "value": str(WISH), "ref": ref}
    row = await scene.desk.do("request.accept", **args, timeout=30.0)
    seen = await scene.until(lambda: scene.are([DOOR], WINDOW, WIDEST))
    how = f"ann says yes: the window of {DOOR} opens by {row.get('value')}°"
    scene.checks.note("what it offers is done", seen and row["did"] == "set", how)


async def leave(scene: Scene, ref: str) -> None:
    """Leave that: it ends at once."""
    await scene.chapter("Leaving.", "ann leaves this agreement, before its time is over")
    watch = Watch()
    await scene.desk.leave(from_text(ref))
    seen = await scene.until(lambda: scene.are([DOOR], WINDOW, 0))
    refused = await _refused(scene)
    how = f"shut again in {watch}; {refused}"
    scene.checks.note("refused after leaving", seen and bool(refused), how)


async def _refused(scene: Scene) -> str:
    """What comes of setting it without an agreement; "" if that is not refused."""
    try:
        await scene.desk.do(
            "set", peer=_door(scene), actuator=WINDOW, value=str(WISH), timeout=5.0
        )
    except Refused as error:
        return f"ann may not set it ({error.code})"
    except MeshError:
        pass
    return ""


def _door(scene: Scene) -> str:
    """Its id: another demo on this computer has a board of that name, too."""
    return ids.to_text(scene.boards.ids[DOOR])
