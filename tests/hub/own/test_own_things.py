"""What a desktop's holder makes of programs and files: sensors and actuators."""

import contextlib
import os
import sys
import threading

import pytest
from hubs import HOST, run, until

from mesh.core import codes, peer_id
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.policy.section_table import Sensor
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.desktop_settings import parse
from mesh.hub.home.home import Home
from mesh.hub.operations import patience
from mesh.hub.own import actuators, sensors
from mesh.hub.own.programs import MOST, Program

PYTHON = sys.executable
ABSENT = os.devnull + "/no/such"


def read(kind, **options):
    return sensors.make(Sensor(kind, 1000, options)).read()


def shell(line):
    return ["/bin/sh", "-c", line]


def tell(text, **options):
    return read("command", command=["printf", "%s", text], **options)


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        (" 21.35\n", {}, cbor.Decimal(2135, -2)),
        ("41250", {"factor": 0.001, "unit": "Cel"}, cbor.Decimal(4125, -2)),
        ("212", {"offset": -32, "factor": 1}, 180),
        ("-3e2", {}, -300),
        ("on", {"values": "boolean"}, True),
        ("0", {"values": "boolean"}, False),
        ("two words", {"values": "text"}, "two words"),
    ],
)
def test_what_a_program_writes_is_a_value(text, options, value):
    found = tell(text, **options)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("", {}, "it says nothing"),
        ("warm", {}, "'warm', and that is not a number"),
        ("nan", {}, "not a number"),
        ("1e400000", {}, "too large"),
        ("1 2", {}, "not a number"),
        ("maybe", {"values": "boolean"}, "not one of true, on"),
        ("a" * 65, {"values": "text"}, "1 to 64 letters"),
        ("a\nb", {"values": "text"}, "in one line"),
    ],
)
def test_output_that_is_no_value_fails_with_a_reason(text, options, why):
    with pytest.raises(LocalError, match=why):
        tell(text, **options)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["/no/such"], "/no/such: No such file"),
        (shell("echo first >&2; echo why >&2; exit 3"), "ended with 3: why$"),
        (shell("kill -9 $$"), "was ended by signal 9"),
        (["yes"], f"says more than {MOST} bytes"),
    ],
    ids=["absent", "fails", "killed", "endless"],
)
def test_why_a_program_came_to_nothing(words, why):
    with pytest.raises(LocalError, match=why):
        Program(words, 20).run()


def gone(pid):
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    return True


@pytest.mark.parametrize("quiet", ["", "exec >&- 2>&-; "])
def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path, quiet):
    child = tmp_path / "child"
    with pytest.raises(LocalError, match=r"took more than 0\.5 s"):
        Program(shell(f"sleep 99 & echo $! > {child}; {quiet}wait"), 0.5).run()
    pid = int(child.read_text())
    while not gone(pid):
        pass


def test_a_child_that_stays_holds_up_nothing(tmp_path):
    child = tmp_path / "child"
    assert Program(shell(f"sleep 99 & echo $! > {child}; echo 4"), 30).run() == "4\n"
    os.kill(int(child.read_text()), 9)


def test_no_shell_looks_at_what_is_given(tmp_path):
    assert read("command", command=["printf", "%s", "$HOME;`id`"], values="text") == "$HOME;`id`"


def test_a_program_is_ended_from_another_thread():
    assert actuators.TIMEOUT_S < patience.ANSWER_S, "`mesh set` learns of it"
    program, failed = Program(["sleep", "99"], 60), []

    def work():
        try:
            program.run()
        except LocalError as error:
            failed.append(error.detail)

    working = threading.Thread(target=work)
    working.start()
    while program._running is None:
        pass
    program.end()
    working.join()
    assert "signal 9" in failed[0]
    with pytest.raises(LocalError, match="stops"):
        program.run()


def test_files(tmp_path):
    path = tmp_path / "temp"
    path.write_text("41250\n")
    assert read("file", path=str(path), factor=0.001) == cbor.Decimal(4125, -2)
    path.write_text("1" * 5000)
    with pytest.raises(LocalError, match="more than 4096 bytes"):
        read("file", path=str(path))
    with pytest.raises(LocalError, match="Not a directory"):
        read("file", path=ABSENT)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LocalError, match="says nothing"):
        read("file", path=str(tmp_path / "pipe"))


ON = {"kind": "file", "path": "x"}


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"sensors": {"a": {"kind": "command"}}}, "sensors.a: command is missing"),
        ({"sensors": {"a": {"kind": "command", "command": "date"}}}, "is not a list"),
        ({"sensors": {"a": {"kind": "file", "path": "x", "pth": 1}}}, "'pth'"),
        ({"sensors": {"a": {"kind": "command", "command": ["a"], "timeout_s": 31}}}, "of range"),
        ({"actuators": {"a": {"kind": "switch"}}}, "no kind of actuator"),
        ({"actuators": {"a": {**ON, "least": 1}}}, "actuators.a: least and most go together"),
        ({"actuators": {"a": {**ON, "choices": []}}}, "choices is empty"),
        ({"actuators": {"a": {"kind": "command", "command": ["a"], "timeout_s": 9}}}, "of range"),
    ],
)
def test_slips_of_the_pen(settings, why):
    with pytest.raises(LocalError, match=why):
        parse(settings)


@pytest.mark.parametrize(
    ("options", "wish", "text"),
    [
        ({}, True, "true"),
        ({"on": "1", "off": "0"}, False, "0"),
        ({"least": 0, "most": 180}, 90, "90"),
        ({"least": 0, "most": 1}, cbor.Decimal(5, -1), "0.5"),
        ({"choices": ["day", "night"]}, "night", "night"),
    ],
)
def test_values_reach_programs_and_files_as_text(tmp_path, options, wish, text):
    path = tmp_path / "made"
    by_input = actuators.KINDS["command"]({**options, "command": shell(f"cat > {path}")})
    words = ["/bin/sh", "-c", f'printf "%s\n" "$1" > {path}', "sh", "{value}"]
    for device in (
        by_input,
        actuators.KINDS["command"]({**options, "command": words}),
        actuators.KINDS["file"]({**options, "path": str(path)}),
    ):
        device.do(device.wishes.text(wish))
        assert path.read_text() == text + "\n"
        path.unlink()
    path.write_text(text + "\n")
    assert actuators.KINDS["file"]({**options, "path": str(path)}).now() == wish


@pytest.mark.parametrize(
    ("options", "wish"),
    [
        ({}, 1),
        ({"least": 0, "most": 180}, 181),
        ({"least": 0, "most": 180}, True),
        ({"choices": ["day"]}, "-rf"),
    ],
)
def test_what_an_actuator_does_not_take(options, wish):
    with pytest.raises(LocalError, match="it can be"):
        actuators.KINDS["file"]({**options, "path": "x"}).wishes.text(wish)


@contextlib.asynccontextmanager
async def pair(tmp_path, rules=(), **actuators):
    """A peer with these actuators, and another that may set them."""
    with Home(tmp_path / "two") as home, Home(tmp_path / "one") as own:
        base = {"port": 0, "discovery": {"layers": []}, "history": []}
        told = parse(
            {
                **base,
                "introduced_by": peer_id.to_text(home.identity.public),
                "sensors": {"level": {"kind": "file", "path": str(tmp_path / "level")}},
                "actuators": actuators,
                "rules": list(rules),
            }
        )
        async with (
            HubPeer(own, told, interfaces=[HOST]) as one,
            HubPeer(home, parse(base), interfaces=[HOST], sensed={}) as two,
        ):
            two.node.candidate(two.now(), one.identity.public, one.address, "given")
            two.driver.settle()
            await two.wait_for_peer(one.identity.public)
            yield one, two


async def put(one, two, name, value):
    body = cbor.encode(value)
    return await two.ask(one.identity.public, coap.PUT, ["actuators", name], body, 60, timeout=15)


def test_who_asks_is_answered_when_it_is_done(tmp_path):
    """And nothing else waits meanwhile: the first goes on until the file is there."""
    gate, done = tmp_path / "gate", tmp_path / "done"
    slow = shell(f"while [ ! -e {gate} ]; do sleep 0.02; done; cat > {done}")

    async def main():
        async with pair(
            tmp_path,
            lamp={"kind": "command", "command": slow, "timeout_s": 8},
            bad={"kind": "command", "command": shell("echo no such lamp >&2; exit 1")},
            dial={"kind": "file", "path": str(tmp_path / "dial"), "least": 0, "most": 9},
        ) as (one, two):
            two._spawn(put(one, two, "lamp", True))
            await until(lambda: one.doing._all["lamp"].wishes)
            assert (await put(one, two, "dial", 7)).code == codes.CHANGED
            assert (tmp_path / "dial").read_text() == "7\n"
            assert one.node.peer.actuators["lamp"][1] is None
            refused = await put(one, two, "bad", True)
            assert "ended with 1: no such lamp" in refused.error
            assert refused.signed
            assert "it can be 0 to 9" in (await put(one, two, "dial", 10)).error
            gate.touch()
            await until(lambda: one.node.peer.actuators["lamp"][1] is True)
            assert done.read_text() == "true\n"
            assert one.node.peer.actuators["bad"][1] is None

    run(main)


def test_more_wishes_than_can_wait_are_refused(tmp_path):
    async def main():
        lamp = {"kind": "command", "command": ["sleep", "99"], "timeout_s": 8}
        async with pair(tmp_path, lamp=lamp) as (one, two):
            for _ in range(4):  # its holder's: those of one peer come one after another
                one._spawn(one.doing.wish("lamp", True, one.identity.public))
            await until(lambda: one.doing._all["lamp"].wishes == 4)
            assert "busy with earlier requests" in (await put(one, two, "lamp", True)).error
            running = one.doing._all["lamp"].device._program
            await until(lambda: running._running is not None)
            process = running._running
        assert process.wait() < 0, "who stops ends its programs"

    run(main)


def test_a_rule_sets_it(tmp_path):
    made = tmp_path / "made"
    (tmp_path / "level").write_text("5")
    rule = {"when": "self/level", "above": 3, "set": "lamp", "to": True}

    async def main():
        lamp = {"kind": "file", "path": str(made)}
        async with pair(tmp_path, [rule], lamp=lamp) as (one, _):
            await until(lambda: one.node.peer.actuators["lamp"][1] is True)
            assert made.read_text() == "true\n"
            assert one.faults.count == 0

    run(main)
