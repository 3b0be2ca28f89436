"""A circle is founded and joined, and agrees on a rule that each of its boards follows."""

from mesh.lab.demo.relations.greenhouse import ANN, BOARDS, GOAL, NEED, WARM
from mesh.lab.demo.relations.scene import Scene, Watch, rule

FIRST = 28  # degrees


async def join(scene: Scene) -> None:
    """Ann founds a circle; the boards join it by their own yes."""
    everybody = [ANN, *BOARDS]
    what = f"{NEED} of the {len(everybody)} decide"
    await scene.chapter("A circle.", f'ann founds "{GOAL}", and asks the four in: {what}')
    watch = Watch()
    circle = await scene.desk.found(GOAL)
    await scene.desk.invite(circle, [scene.boards.ids[name] for name in BOARDS], NEED)
    seen = await scene.until(lambda: scene.watching.members(circle) == everybody)
    how = f"each joined by its own signed yes, in {watch}"
    scene.checks.note("a circle of five", seen, how)


async def agree(scene: Scene) -> bytes:
    """They agree on a rule. Gives its ref."""
    text = f"the fan runs from {FIRST} degrees"
    await scene.chapter("An agreement.", f'ann proposes "{text}", each by its own thermometer')
    watch = Watch()
    ref = await scene.desk.propose(GOAL, text, rule("fan", FIRST))
    seen = await scene.until(lambda: scene.runs(BOARDS, ref))
    still = scene.are(BOARDS, "fan", False)
    how = f"on all four in {watch}; at {WARM} °C fans stand still"
    scene.checks.note("an agreement runs", seen and still, how)
    return ref
