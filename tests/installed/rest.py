"""The commands that no page shows with what they say, each with a part of that.

PORT is that of a board on a cable. They come in the order in which they go well.
"""

REST = (
    ("--version", "othermesh 0.1"),
    ("id", "running  yes"),
    ("get greenhouse/sensors", "21.45 °C"),
    ("name door gate", "is called gate here, not door any more"),
    ("read gate/uptime", "yes"),
    ("name gate door", "is called door here"),
    ("settings greenhouse sensors.heap.every_s=6 --yes", "greenhouse: good"),
    ("update greenhouse --firmware dist/unix", "greenhouse: good"),
    ("docs", "first-board"),
    ("docs first-board", "# Your first board"),
    ("export --runs -o all.runs", "all.runs"),
    ("import all.runs", "in all"),
    ("promise answer 5", "promised"),
    ("promises self", "an answer within 5 s"),
    ("circle found seedlings", "founded"),
    ("agreement propose seedlings vents", "proposed, with our yes"),
    ("trial propose seedlings 'no fan at night' --for 7d", "proposed, with our yes"),
    ("trial", "runs here"),
    ("key next", "committed to the next key"),
    ("hardware list", "pico_w"),
    ("hardware show bme280", "0x76 or 0x77"),
    ("simulate --seeds 1", "1 of 1 seeds keep every rule"),
    ("board list", "nothing on USB looks like a board"),
    ("board monitor PORT --seconds 0.5", ""),
    ("board backup PORT attic.copy", "attic.copy"),
    ("board renew PORT --yes", "it makes another key now"),
    ("board restore PORT attic.copy --yes", "its counters go on far ahead of the copy"),
    ("board erase PORT --yes", "its identity is kept"),
    ("forget door", "is forgotten: our name door, 1 address\n"),
)
