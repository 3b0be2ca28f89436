"""One board is cut off, the others go on and change what was agreed, and it catches up."""

from mesh.core.discovery.contact import LOST, UP
from mesh.core.relations.mark import YES
from mesh.lab.demo.relations import reach
from mesh.lab.demo.relations.greenhouse import BOARDS, GOAL
from mesh.lab.demo.relations.scene import Scene, Watch, rule

AWAY, OTHERS = "roof", ("door", "soil", "tank")
BETTER = 26  # degrees
FAN = "fan"


async def change(scene: Scene, before: bytes) -> bytes:
    """Cut one off, and change the threshold. Gives the ref of the agreement."""
    folder, row = scene.boards.folder(AWAY), scene.rows[AWAY]
    await scene.chapter("Apart.", f"{AWAY} is cut off: it hears nothing, and nobody hears it")
    reach.cut(folder)
    row.away = True
    text = f"the fan runs from {BETTER} degrees"
    scene.tell("proposal", f'ann proposes "{text}" instead')
    watch = Watch()
    ref = await scene.desk.propose(GOAL, text, rule(FAN, BETTER), instead=before)
    seen = await scene.until(lambda: scene.runs(OTHERS, ref) and scene.are(OTHERS, FAN, True))
    alone = scene.are([AWAY], FAN, False) and AWAY not in scene.watching.said(ref, YES)
    scene.checks.note(
        f"changed without {AWAY}",
        seen and alone,
        f"it keeps the old rule; {len(OTHERS)} fans run in {watch}",
    )
    return ref


async def heal(scene: Scene, ref: bytes) -> None:
    """Let it back once it is missed; it catches up."""
    row, peer = scene.rows[AWAY], scene.boards.ids[AWAY]
    missed = await scene.until(lambda: scene.desk.sees(peer) == LOST)
    scene.tell("heal", f"{AWAY} is within reach again")
    reach.heal(scene.boards.folder(AWAY))
    row.away = False
    watch = Watch()

    def caught_up() -> bool:
        said = AWAY in scene.watching.said(ref, YES) and scene.desk.sees(peer) == UP
        return said and scene.runs(BOARDS, ref) and scene.are(BOARDS, FAN, True)

    seen = await scene.until(caught_up)
    scene.checks.note(
        f"healed, {AWAY} catches up",
        missed and seen,
        f"in {watch} it says yes itself, and its fan runs",
    )
