"""mesh export --runs and mesh import: a record carried in a file, and files of somebody else's."""

import gzip
import json
from pathlib import Path

import pytest
from commands import call, items, make_home, running
from hubs import run
from run_files import ask, data_of, ends, items_of, told, total
from stored import entry, faults, feed, identity, record, run_of, take

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.core.codec import cbor
from mesh.core.feed.chain import seal_head
from mesh.hub.failure import FAILED, Failure
from mesh.hub.store import schema, sequence
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries

ANN, BOB = identity(1), identity(2)
COUNT = 200
VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture
def home(tmp_path):
    """A home that kept what ann and bob said."""
    made = make_home(tmp_path / "home")
    with Archive(made.path / schema.NAME) as archive:
        take(archive, [*feed(ANN, COUNT), *feed(BOB, 30)])
    return made


@pytest.fixture
def away(tmp_path):
    return make_home(tmp_path / "away")


@pytest.fixture
def path(home, tmp_path):
    path = tmp_path / "all.runs"
    ask(home, "export", "--runs", "-o", str(path))
    return path


def test_a_record_is_carried_and_is_the_same_there(home, away, path):
    first = total(ask(away, "import", str(path)))
    assert (first["new"], first["known"], first["refused"]) == (COUNT + 30, 0, 0)
    mine, theirs = ends(home), ends(away)
    for who in (ANN.public, BOB.public):
        assert mine[who] == theirs[who]
    assert faults(away.path / schema.NAME) == []
    again = total(ask(away, "import", str(path)))
    assert (again["new"], again["known"]) == (0, COUNT + 30)
    back = path.with_name("back.runs")
    ask(
        away, "export", "--runs", ids.to_text(ANN.public), ids.to_text(BOB.public), "-o", str(back)
    )
    assert total(ask(home, "import", str(back)))["new"] == 0


def test_gaps_are_filled_in_any_order(home, away, path):
    path.write_bytes(b"".join(reversed(items_of(path))))
    ask(away, "import", str(path))
    assert ends(away)[ANN.public] == ends(home)[ANN.public]
    assert faults(away.path / schema.NAME) == []


def test_some_peers_are_chosen(home, tmp_path):
    path = tmp_path / "ann.runs"
    (row,) = ask(home, "export", "--runs", ids.to_text(ANN.public), "-o", str(path))
    assert (row["authors"], row["entries"], row["proofs"]) == (1, COUNT, 0)
    assert row["bytes"] == path.stat().st_size
    (row,) = ask(home, "export", "--runs", "--since", "2100-01-01", "-o", str(path))
    assert (row["entries"], path.read_bytes()) == (0, b"")
    for words in ([], ["x", "--since", "1d"], ["--runs", "--format", "csv"], ["--runs", "x/cpu"]):
        with pytest.raises(Failure):
            call("export", *words, "-o", "a.csv", "--home", str(home.path))


def test_a_file_of_others_is_not_written_over(home, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("dear diary")
    _, failure = told(home, "export", "--runs", "-o", str(path))
    assert "no file of runs" in failure.detail
    assert path.read_text() == "dear diary"


def forked():
    """Two runs of ann that disagree from seq 6 on."""
    same = [entry(seq) for seq in range(1, 6)]
    return (
        run_of(ANN, [*same, entry(6, [record(1)])]),
        run_of(ANN, [*same, entry(6, [record(2)]), entry(7)]),
    )


def test_a_proof_of_a_fork_travels(home, away, tmp_path):
    one, two = forked()
    path = tmp_path / "fork.runs"
    path.write_bytes(cbor.encode([list(one[:5]), list(two[:5])]))
    assert total(ask(home, "import", str(path)))["proofs"] == 1
    out = tmp_path / "out.runs"
    (row,) = ask(home, "export", "--runs", "-o", str(out))
    assert row["proofs"] == 1
    ask_failed, failure = told(away, "import", str(out))
    assert total(ask_failed)["proofs"] == 1
    assert failure is None or failure.exit_code == FAILED
    with Queries(away.path / schema.NAME) as store:
        assert store.forked() == [ANN.public]


def test_runs_that_disagree_are_proof(away, tmp_path):
    path = tmp_path / "two.runs"
    path.write_bytes(data_of(forked()))
    rows, failure = told(away, "import", str(path))
    assert total(rows)["refused"] == 1
    assert failure.exit_code == FAILED
    with Queries(away.path / schema.NAME) as store:
        assert store.forked() == [ANN.public]


def test_what_was_good_before_a_broken_item_stays(away, tmp_path):
    good = data_of(feed(ANN, 10))
    path = tmp_path / "broken.runs"
    for junk in (
        good[:100], b"\x1f\x8b junk", b"\x85\x5b" + b"\xff" * 8, b"\x9b" + b"\xff" * 8, b"\x9f",
        b"\x82" * (sequence.MOST + 9), b"\x5b\0\0\0\0\x10\0\0\0",
    ):  # fmt: skip
        path.write_bytes(good + junk)
        rows, failure = told(away, "import", str(path))
        assert f"behind byte {len(good)}" in failure.detail, junk[:9]
        assert failure.exit_code == FAILED
        assert total(rows)["new"] + total(rows)["known"] == 10
    assert ends(away)[ANN.public][0] == 10


def test_files_of_other_kinds_are_named(away, home, tmp_path):
    files = {
        "a.csv": b"author,seq,sensor\n",
        "a.gz": gzip.compress(b"x"),
        "a.db": (home.path / schema.NAME).read_bytes(),
        "a.txt": b"hello",
        "a.zero": bytes(100_000),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        rows, failure = told(away, "import", str(tmp_path / name))
        assert "no file of runs" in failure.detail, name
        assert total(rows)["authors"] == 0
    (tmp_path / "empty").write_bytes(b"")
    assert total(ask(away, "import", str(tmp_path / "empty")))["authors"] == 0
    for wrong in (tmp_path, tmp_path / "nothing", "/dev/zero"):
        assert told(away, "import", str(wrong))[1] is not None
    assert cli.run(["import", str(tmp_path / "a.gz"), "--home", str(away.path)]) == FAILED


def test_what_does_not_hold_is_refused_and_the_rest_taken(away, tmp_path):
    good, other = feed(ANN, 10), feed(BOB, 10)[0]
    forged = list(other[:5])
    forged[4] = seal_head(ANN, other.seq, other.links[-1])
    unsigned = list(other[:5])
    unsigned[4] = other.head[:-1] + bytes([other.head[-1] ^ 1])
    bad = [
        forged,
        unsigned,
        [1, 2],
        [[], []],
        7,
        -1,
        True,
        {},
        {1: [2]},
        "text",
        [*other[:3], 5, b""],
        ["a"] * 5,
        [*other[:4], []],
    ]
    for count, value in enumerate(bad):
        path = tmp_path / f"{count}.runs"
        data = cbor.encode(value)
        path.write_bytes(data_of(good[:1]) + data + data_of(good[1:]))
        rows, failure = told(away, "import", str(path))
        assert failure.exit_code == FAILED
        assert total(rows)["refused"] == 1, value
    assert ends(away)[ANN.public][0] == 10
    assert BOB.public not in ends(away)


def test_memory_stays_bounded():
    """A file without an end is read as far as one item may be long, and no farther."""

    class Endless:
        read_bytes = 0

        def read(self, size):
            self.read_bytes += size
            return b"\x82" * size

    file = Endless()
    with pytest.raises(Exception, match="more than an item can have"):
        list(sequence.cut(file))
    assert file.read_bytes <= sequence.MOST + 2 * sequence.PIECE


def test_the_running_peer_takes_a_file(home, path, tmp_path):
    away = make_home(tmp_path / "up")

    async def main():
        async with running(away):
            for found in ("new", "known"):
                rows = await items(call("import", str(path), "--home", str(away.path)))
                assert total(rows)[found] == COUNT + 30

    run(main)
    assert ends(away)[ANN.public] == ends(home)[ANN.public]


def test_vector_of_a_file(away, tmp_path):
    cases = json.loads((VECTORS / "feeds.json").read_text())
    (case,) = [case for case in cases if case["what"] == "file"]
    path = tmp_path / "vector.runs"
    path.write_bytes(bytes.fromhex(case["hex"]))
    with path.open("rb") as file:
        assert [one.end for one in sequence.cut(file)] == case["ends"]
    row = total(ask(away, "import", str(path)))
    assert (row["new"], row["proofs"], row["refused"]) == (case["held"], 1, 0)
    (end,) = ends(away).values()
    assert end[0] == case["held"]
    back = tmp_path / "back.runs"
    (row,) = ask(away, "export", "--runs", "-o", str(back))
    assert (row["entries"], row["proofs"]) == (case["held"], 1)
