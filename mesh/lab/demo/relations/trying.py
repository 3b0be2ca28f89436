"""A trial: an agreement that ends by each board's own clock, and puts back what it changed."""

from mesh.lab.demo.relations.greenhouse import BOARDS, GOAL
from mesh.lab.demo.relations.scene import Scene, Watch, rule

TRIAL_S, WARM = 8, 20  # degrees
LAMP = "lamp"


async def play(scene: Scene) -> None:
    """Try a lamp, for some seconds."""
    text = "a lamp shows that it is warm"
    await scene.chapter("A trial.", f'ann proposes "{text}", for {TRIAL_S} s')
    ref = await scene.desk.propose(GOAL, text, rule(LAMP, WARM), end_s=TRIAL_S)
    lit = await scene.until(lambda: scene.are(BOARDS, LAMP, True))
    watch = Watch()

    def over() -> bool:
        return scene.are(BOARDS, LAMP, False) and not any(
            scene.rows[name].has(ref) for name in BOARDS
        )

    ended = await scene.until(over)
    scene.checks.note(
        "a trial ends by itself",
        lit and ended,
        f"four lamps on, and off {watch} later, as before",
    )
