"""A proposal that the holders of the boards do not allow is refused, with the reason."""

from mesh.core.relations.agreements import REFUSED
from mesh.core.relations.mark import NO
from mesh.lab.demo.relations.greenhouse import BOARDS, COOLEST, GOAL, HOTTEST
from mesh.lab.demo.relations.scene import Scene, rule

COLD = 15  # degrees


async def play(scene: Scene, before: bytes) -> None:
    """Ann proposes what is out of bounds. What was agreed goes on."""
    text = f"the fan runs from {COLD} degrees"
    bounds = f"(their holders wrote down {COOLEST} to {HOTTEST})"
    await scene.chapter("A refusal.", f'ann proposes "{text}" instead {bounds}')
    ref = await scene.desk.propose(GOAL, text, rule("fan", COLD), instead=before)

    def refused() -> bool:
        said = scene.watching.said(ref, NO)
        return scene.watching.state(ref) == REFUSED and all(said.get(name) for name in BOARDS)

    seen = await scene.until(refused)
    reasons = sorted(set(scene.watching.said(ref, NO).values()))
    stays = scene.runs(BOARDS, before) and not scene.runs(BOARDS[:1], ref)
    how = f'"{"; ".join(reasons)}"'
    scene.checks.note("a refusal, with reason", seen and stays, how)
