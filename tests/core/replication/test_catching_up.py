"""A follower is told all that was written, however much came at once or before it came."""

from attacking import Scene


def test_a_burst_between_two_heads():
    for count in (5, 30, 60):
        scene = Scene(tail=128).meet()
        for value in range(1000, 1000 + count):
            scene.ben.reading(scene.world.now, "temp", value)
        assert scene.world.run(30_000, lambda n=count, s=scene: 999 + n in s.readings()), count
        assert scene.readings() == list(range(1000, 1000 + count)), (count, scene.readings())


def test_what_is_still_held_when_a_follower_comes():
    scene = Scene(tail=128)
    for value in range(1000, 1060):
        scene.ben.reading(scene.world.now, "temp", value)
    scene.start()
    scene.ben.reading(scene.world.now, "temp", 1060)
    assert scene.world.run(30_000, lambda: 1060 in scene.readings()), scene.readings()
    assert scene.readings() == list(range(1000, 1061)), scene.readings()
