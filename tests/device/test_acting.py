"""Boards that follow each other, act on what they hear, and say no."""

import time

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.peer_id import to_text


def address(joined):
    return [{"id": joined["id"], "address": joined["address"]}]


def test_a_board_follows_another_and_its_rule_sets_an_actuator(board, tmp_path):
    path = tmp_path / "zone"
    path.write_text("21500\n")
    warm = {"kind": "temperature", "path": str(path), "every_s": 0.2}
    a = board("a", name="kitchen", sensors={"warm": warm}, limits={"head_ms": 200}).start()
    joined = a.wait("joined")
    rule = {"when": "kitchen/warm", "above": 30, "set": "fan", "to": True, "else": False}
    b = board(
        "b",
        names={"kitchen": joined["id"]},
        follow=["kitchen"],
        peers=address(joined),
        actuators={"fan": {"kind": "switch"}},
        rules=[{**rule, "hysteresis": 1}],
    ).start()
    reading = b.wait("reading", peer=joined["id"], sensor="warm", value=21.5)
    assert reading["unit"] == "Cel"
    b.wait("actuated", name="fan", value=False, by=None)
    path.write_text("30500\n")
    b.wait("actuated", name="fan", value=True, by=None)
    assert (b.folder / "fan.state").read_text() == "true\n"
    path.write_text("28900\n")
    b.wait_line(lambda _: len(b.events("actuated")) > 2)
    assert (b.folder / "fan.state").read_text() == "false\n"
    assert [event["value"] for event in b.events("actuated")] == [False, True, False]


def test_a_rule_about_its_own_sensor(board):
    rule = {"when": "self/uptime", "above": 0, "set": "led", "to": True}
    with board(sensors={"uptime": {"every_s": 0.2}}, actuators={"led": {}}, rules=[rule]) as one:
        one.wait("actuated", name="led", value=True, by=None)
        assert (one.folder / "led.state").read_text() == "true\n"


def test_an_actuator_refuses_a_stranger_with_a_signed_reason(board, desk):
    with board(actuators={"led": {}}) as one:
        peer = desk.meet(one.wait("joined"))
        answer = desk.ask(peer, coap.PUT, "actuators", "led", value=True)
        assert (answer.code, answer.signed) == (codes.FORBIDDEN, True)
        assert "actuators.led.allow" in answer.error
        assert one.wait("refused", code="4.03")["peer"] == desk.id
        assert (one.folder / "led.state").read_text() == "false\n"


def test_an_actuator_obeys_whom_its_holder_named(board, desk):
    names = {"names": {"me": desk.id}}
    with board(**names, introduced_by="me", actuators={"led": {}}) as one:
        peer = desk.meet(one.wait("joined"))
        answer = desk.ask(peer, coap.PUT, "actuators", "led", value=True)
        assert (answer.code, answer.signed, answer.error) == (codes.CHANGED, True, None)
        one.wait("actuated", name="led", value=True, by=desk.id)
        assert (one.folder / "led.state").read_text() == "true\n"
        wrong = desk.ask(peer, coap.PUT, "actuators", "led", value="on")
        assert wrong.signed
        assert "true or false" in wrong.error


def test_a_desktop_reads_a_board(board, desk):
    sensors = {"load": {"every_s": 0.2}, "heap": {"every_s": 0.2, "share": "nobody"}}
    with board(name="shelf", sensors=sensors) as one:
        peer = desk.meet(one.wait("joined"))
        one.wait("measured", sensor="load")
        one.wait("measured", sensor="heap")
        about = desk.kit.decode(desk.ask(peer, coap.FETCH, "peer").payload)
        assert (about["name"], about["kind"], to_text(about["id"])) == (
            "shelf",
            "board",
            to_text(peer),
        )
        assert about["heap"][0] > 0
        answer = desk.ask(peer, coap.FETCH, "sensors", "load")
        assert (answer.code, answer.signed) == (codes.CONTENT, True)
        answer = desk.ask(peer, coap.FETCH, "sensors", "heap")
        assert (answer.code, answer.signed) == (codes.NOT_FOUND, True)


def test_the_machines_own_clock_is_believed_if_the_holder_says_so(board, desk):
    with board("a") as a, board("b", clock={"unix": True}) as b:
        answer = desk.ask(desk.meet(a.wait("joined")), coap.FETCH, "time")
        assert desk.kit.decode(answer.payload)[3] is None or answer.payload
        answer = desk.ask(desk.meet(b.wait("joined")), coap.FETCH, "time")
        quality, boots, _, unix_ms = desk.kit.decode(answer.payload)
        assert (quality, boots) == (2, 1)
        assert abs(unix_ms - time.time() * 1000) < 60_000
