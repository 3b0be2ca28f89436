"""The commands about what is kept, as somebody uses them who slips, hurries or has no room."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from commands import call, greenhouse, items, make_home, mesh, running
from hubs import until
from stored import NOW, STEP, entry, feed, identity, run_of, take

from mesh.cli import kept
from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.failure import NOBODY, USAGE, Failure
from mesh.hub.home import naming
from mesh.hub.home.naming import Known
from mesh.hub.show import units
from mesh.hub.store import exporting, plot, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.copying import backup, damage
from mesh.hub.store.queries import Point

ANN = identity(1)
TEXT = peer_id.to_text(ANN.public)


@pytest.fixture
def home(tmp_path):
    made = make_home(tmp_path / "home")
    naming.remember(made.path / naming.CACHE, [Known(TEXT, "ann")])
    with Archive(made.path / schema.NAME) as archive:
        take(archive, feed(ANN, 30))
    return made


def ask(home, *words):
    return asyncio.run(items(call(*words, "--home", str(home.path), "--json")))


FOREIGN = [
    ("a.csv", b"x"),
    ("a.csv", b"my,own\n1,2"),
    ("a.csv", b"\xbd\n\xff no text"),
    ("a.senml.json", b'[{"n":"mine"}]'),
    ("a.parquet", b"PAR1 no more"),
]


@pytest.mark.parametrize(("name", "content"), FOREIGN)
def test_a_file_of_others_stays_as_it_was(home, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Failure, match="no export of ours"):
        ask(home, "export", "ann", "-o", str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["a.csv", "a.senml.json", "a.parquet"])
def test_an_empty_file_is_written(home, tmp_path, name):
    (tmp_path / name).touch()
    for _ in range(2):
        (row,) = ask(home, "export", "ann", "-o", str(tmp_path / name))
        assert row["all"] == 30


def test_a_csv_file_is_mended_wherever_it_was_cut_off(tmp_path):
    home = make_home(tmp_path / "home")
    naming.remember(home.path / naming.CACHE, [Known(TEXT, "ann")])
    with Archive(home.path / schema.NAME) as archive:
        said = [entry(seq, [{0: "mode", 3: f'a "{seq}"\n,b'}]) for seq in (1, 2)]
        take(archive, [run_of(ANN, said)])
    path = tmp_path / "a.csv"
    ask(home, "export", "ann", "-o", str(path))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        ask(home, "export", "ann", "-o", str(path))
        assert path.read_bytes() == whole, size


def test_a_line_that_is_no_reading_stops_the_export(home, tmp_path):
    path = tmp_path / "a.csv"
    ask(home, "export", "ann", "-o", str(path))
    changed = path.read_bytes() + b"total,all,30\n"
    path.write_bytes(changed)
    with pytest.raises(Failure, match="is no reading"):
        ask(home, "export", "ann", "-o", str(path))
    assert path.read_bytes() == changed


def test_what_cannot_be_drawn_leaves_the_picture_that_was_there(home, tmp_path, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_text("mine")
    with pytest.raises(Failure, match="nothing of ann/temperature in that time"):
        ask(home, "history", "ann/temperature", "--since", "2099-01-01", "-o", str(path))
    real = type(path).write_bytes

    def no_room(self, data):
        real(self, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", no_room)
    with pytest.raises(LocalError, match="No space left"):
        ask(home, "history", "ann/temperature", "-o", str(path))
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.svg"]
    assert path.read_text() == "mine"


def test_a_copy_that_fails_leaves_nothing(home, tmp_path):
    store = home.path / schema.NAME
    with pytest.raises(LocalError, match="cancelled"):
        backup(store, tmp_path / "copy.db", lambda: True)
    with pytest.raises(LocalError, match="cancelled"):
        damage(store, lambda: True)
    assert [file.name for file in tmp_path.iterdir()] == ["home"]
    with pytest.raises(Failure, match="no folder"):
        backup(store, tmp_path / "no" / "copy.db")
    (tmp_path / "there").touch()
    with pytest.raises(Failure, match="there already"):
        backup(store, tmp_path / "there")


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["history", "ann/temperature", "--since", "1h", "--until", "2h"], "is after", USAGE),
        (["history", "ann/temperature", "-o", "a.jpg"], r"\.svg or \.png", USAGE),
        (["store", "backup"], "needs a name", USAGE),
        (["store", "vacuum", "x"], "takes no file", USAGE),
    ],
)
def test_a_slip_is_answered_by_what_to_write(home, words, said, code):
    with pytest.raises(Failure, match=said) as caught:
        ask(home, *words)
    assert caught.value.exit_code == code


def test_a_store_that_cannot_be_read_says_why(home, tmp_path):
    path = home.path / schema.NAME
    copy = path.read_bytes()
    path.unlink()
    path.touch()
    with pytest.raises(LocalError, match="nothing was kept yet"):
        ask(home, "store")
    path.unlink()
    path.mkdir()
    with pytest.raises(LocalError, match="is a folder"):
        ask(home, "store")
    path.rmdir()
    with Archive(path):
        pass
    (row,) = ask(home, "store")
    assert row["peers"] == []
    with pytest.raises(Failure, match="nothing is stored yet") as caught:
        ask(home, "log", "ann")
    assert caught.value.exit_code == NOBODY
    path.write_bytes(copy)


def test_a_store_that_another_program_holds(home, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_S", 0.1)
    held = sqlite3.connect(home.path / schema.NAME, isolation_level=None)
    held.execute("PRAGMA journal_mode = DELETE")
    held.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LocalError, match="held by another program"):
        ask(home, "store")
    held.close()


def test_log_takes_the_newest_since_then(home):
    since = exporting.iso(NOW + 10 * STEP)
    rows = ask(home, "log", "ann", "--since", since, "--last", "2")
    assert [row["seq"] for row in rows] == [29, 30]
    assert ask(home, "log", "ann", "--last", "0") == []


def test_growth_is_told_of_a_board_that_learned_the_time_later(tmp_path):
    home = make_home(tmp_path / "home")
    with Archive(home.path / schema.NAME) as archive:
        told = [entry(seq) for seq in range(4, 64)]
        early = [entry(seq, when=[0, 1, seq * STEP, None]) for seq in (1, 2, 3)]
        take(archive, [run_of(ANN, early + told)])
    (row,) = ask(home, "store")
    assert row["peers"][0]["bytes_per_day"] > 0


def test_history_begins_with_the_first_reading(home):
    with sqlite3.connect(home.path / schema.NAME) as database:  # its ten minutes began before it
        database.execute(
            "INSERT OR REPLACE INTO summary VALUES (1, ?, 1, 20, 20, 20)",
            ((NOW + STEP) // schema.PERIOD_MS,),
        )
    (row,) = ask(home, "history", "ann/temperature", "--points", "3")
    assert (row["since"], len(row["points"])) == ((NOW + STEP) / 1000, 3)


def test_axes_have_round_numbers_and_times():
    first = 1_790_000_000_000
    for whole in (999, 61_000, 3_700_000, 86_400_000, 10 * 86_400_000, 4000 * 86_400_000):
        drawn = plot.Plot(
            "a/b", "", [Point(first + n * whole // 9, n, n, n, 1) for n in range(10)]
        )
        ticks = plot.time_ticks(drawn)
        labels = [plot.label(tick, drawn) for tick in ticks]
        assert 1 <= len(ticks) <= 7
        assert len(set(labels)) == len(labels)
        if 60_000 < whole < 86_400_000:
            assert all(tick % 5_000 == 0 for tick in ticks)
    day = datetime.fromtimestamp(first / 1000, UTC).astimezone()
    short = plot.Plot("a/b", "K", [Point(first, 0, 3e9, 6e9, 1), Point(first + 9, 1, 1, 1, 1)])
    assert f"a/b, K, {day:%d %b %Y}" in plot.svg(short)
    assert units.scale(6e9, "B") == (1024.0**3, "GiB")
    assert units.scale(10, "B") == (1, "B")
    assert units.scale(7200, "s") == (3600, "h")
    assert units.scale(3, "s") == (1, "s")
    assert units.scale(0.3, "/") == (0.01, "%")
    assert units.scale(101_300, "Pa") == (100, "hPa")
    assert units.scale(20, "Cel") == (1, "°C")


def test_a_plot_says_nothing_over_gaps():
    points = [Point(t * 1000, 1, 1, 1, 1) for t in (0, 1, 2, 3, 997, 998, 999, 1000)]
    middle = [line[20:50] for line in plot.text(plot.Plot("x", "", points), 70, 12).splitlines()]
    assert not any(0x2800 < ord(sign) < 0x2900 for line in middle for sign in line)


def test_ctrl_c_ends_work_in_a_thread_also_twice():
    begun, stop = threading.Event(), threading.Event()

    def work():
        begun.set()
        assert stop.wait(60)

    async def scenario():
        task = asyncio.create_task(kept.in_thread(stop.set, work))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert stop.is_set()


def test_a_check_of_much_ends_when_it_is_interrupted(home):
    path = home.path / schema.NAME
    with sqlite3.connect(path) as database:
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
            "INSERT INTO reading SELECT 1, ? + i, 1000 + i, 2, 20 FROM n",
            (NOW,),
        )
    command = [sys.executable, "-m", "mesh.cli", "verify", "--json", "--home", str(home.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while b'"readings"' not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b'"checked"' not in out


def test_a_person_is_told_that_nothing_came(home):
    code, out, err = asyncio.run(mesh("log", "ann", "--kinds", "nonsense", "--home", home.path))
    assert (code, out) == (0, "")
    assert "nothing of kind 'nonsense' is kept of ann" in err


def test_names_are_known_while_a_peer_runs(tmp_path):
    home = make_home(tmp_path / "study")

    async def scenario():
        async with greenhouse(tmp_path, home), running(home):
            await until(
                lambda: (
                    "greenhouse" in (home.path / naming.CACHE).read_text()
                    if (home.path / naming.CACHE).exists()
                    else False
                )
            )

    asyncio.run(scenario())
