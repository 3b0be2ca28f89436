"""`import mesh`: what a program asks, sets and hears, by a peer of its own and through another."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from api_peers import ALONE, FAST_S, PATIENCE_S, asker, greenhouse, knowing, run
from hubs import until

import mesh
from mesh.hub.api import sources

HOWS = ("itself", "through")
each_way = pytest.mark.parametrize("how", HOWS)


@each_way
def test_a_program_reads_what_others_measure(how):
    async def main():
        async with greenhouse() as other, asker(how, other) as study:
            found = await study.read("greenhouse/temperature")
            assert 20 < found.value < 40
            assert found[2:6] == ("Cel", "temperature", "greenhouse", other.id)
            assert found.verified
            assert abs(datetime.now(UTC) - found.time) < timedelta(seconds=PATIENCE_S)
            [same] = await study.readings("greenhouse")
            assert same.sensor == "temperature", "the other one has no value"
            [same] = await study.readings("green*/temp*")
            assert same.unit == "Cel"
            about = await study.about("greenhouse")
            assert about["name"] == "greenhouse"
            assert about["failing"] == {"broken": "the wire is loose"}

    run(main)


@each_way
def test_a_program_sees_who_is_there(how):
    async def main():
        async with greenhouse() as other, asker(how, other) as study:
            [contact] = await study.peers(wait=0)
            assert contact.label == "greenhouse"
            assert (contact.state, contact.id) == ("up", other.id)
            assert contact == (await study.peers(wait=0))[0]._replace(heard_s=contact.heard_s)
            assert (await study.wait_for("greenhouse")).id == other.id
            with pytest.raises(mesh.NoAnswer, match="attic did not come in"):
                await study.wait_for("attic", timeout=0.05)

    run(main)


@each_way
@pytest.mark.parametrize("targets", [("greenhouse/temperature",), ("greenhouse",), ("g*",), ()])
def test_a_program_watches_readings_come(how, targets):
    async def main():
        async with greenhouse() as other, asker(how, other) as study:
            values = []
            async for reading in study.watch(*targets):
                assert (reading.peer, reading.sensor) == ("greenhouse", "temperature")
                values.append(reading.value)
                if len(values) == 4:
                    break
            assert values[1:] == sorted(values[1:]), "and before them the latest"
            assert len(set(values)) > 1

    run(main)


@each_way
def test_each_error_has_its_kind(how):
    async def main():
        async with greenhouse() as other, asker(how, other) as study:
            with pytest.raises(mesh.NotFound, match="no peer 'grenhouse'; did you mean"):
                await study.read("grenhouse/temperature")
            with pytest.raises(mesh.NotFound, match="no such sensor") as caught:
                await study.read("greenhouse/temprature")
            assert caught.value.help == "did you mean 'temperature'?"
            assert caught.value.__notes__ == [caught.value.help], "a traceback shows it"
            with pytest.raises(mesh.Refused) as caught:
                await study.read("greenhouse/broken")
            assert (caught.value.code, caught.value.reason) == ("5.03", "the wire is loose")
            with pytest.raises(mesh.Refused) as caught:
                await study.set("greenhouse/fan", True)
            assert caught.value.code == "4.03"
            with pytest.raises(mesh.Error, match="does not name one sensor"):
                await study.read("greenhouse")
            with pytest.raises(mesh.NotFound):
                async for _ in study.watch("attic/rain", wait=0):
                    pass
            with pytest.raises(mesh.Partly) as caught:
                await study.readings("greenhouse/temperature", "attic/rain")
            assert [reading.sensor for reading in caught.value.readings] == ["temperature"]
            assert list(caught.value.failed) == ["attic"]
            with pytest.raises(mesh.NotFound):
                await study.readings("greenhouse/x*")

    run(main)


def test_whoever_is_gone_did_not_answer_or_is_unreachable():
    async def main():
        async with greenhouse() as other:
            settings = await knowing(other, names={"greenhouse": other.id})
            async with asker("itself", other) as study:
                await other.__aexit__()
                with pytest.raises(mesh.NoAnswer):
                    await study.read("greenhouse/temperature", timeout=0.3)
        async with mesh.Peer(temporary=True, settings=settings) as late:
            with pytest.raises(mesh.Unreachable, match="greenhouse"):
                await late.read("greenhouse/temperature")

    run(main)


def test_errors_are_one_family():
    kinds = (mesh.NotFound, mesh.Refused, mesh.NoAnswer, mesh.Unreachable, mesh.Partly)
    assert all(issubclass(kind, mesh.Error) for kind in kinds)


@each_way
def test_a_program_hears_what_happens(how):
    async def main():
        async with (
            greenhouse() as other,
            asker(how, other, follow="*") as study,
            study.events() as events,
        ):
            async for event in events:
                if event.kind == "reading":
                    break
            assert (event.peer, event.id) == ("greenhouse", other.id)
            assert event.data["sensor"] == "temperature"
            assert event.time.tzinfo is UTC

    run(main)


def test_what_a_program_measures_by_any_function():
    gave = asyncio.Event()

    async def main():
        peer = mesh.Peer(temporary=True, name="study", settings=ALONE)

        @peer.sensor("before", "Cel", every=FAST_S)
        async def before():
            await asyncio.sleep(0)
            return 1.5

        async with peer, asker("itself", peer) as other:

            @peer.sensor("door", every=FAST_S)
            def door():
                return True

            peer.sensor("word", every=FAST_S)(lambda: "open")

            @peer.sensor("nothing", every=FAST_S)
            def nothing():
                gave.set()

            await gave.wait()
            wanted = {"before": 1.5, "door": True, "word": "open"}
            found = {}
            while found != wanted:
                rows = await other.readings("study")
                found = {row.sensor: row.value for row in rows}
            with pytest.raises(mesh.Refused, match="it gives nothing"):
                await other.read("study/nothing")
            assert (await peer.read("self/door")).value is True
            with pytest.raises(mesh.Error, match="there is a 'door' already"):
                peer.sensor("door")(door)
            with pytest.raises(mesh.Error, match="a/b"):
                peer.sensor("a/b")(door)
            with pytest.raises(mesh.Error, match="every"):
                peer.sensor("fast", every=0)

    run(main)


def test_a_fault_of_a_sensor_is_told_with_its_place_and_once(caplog):
    calls = []

    async def main():
        async with mesh.Peer(temporary=True, name="study", settings=ALONE) as peer:

            @peer.sensor("bad", every=FAST_S)
            async def bad():
                calls.append(1)
                return {}["colour"]

            await until(lambda: len(calls) > 3)
            with pytest.raises(mesh.Refused, match="KeyError: 'colour'"):
                await peer.read("self/bad")
            about = await peer.about("self")
            assert not about["faults"], "it is the program's, not the peer's"

    run(main)
    [told] = [record for record in caplog.records if "sensor bad" in record.message]
    assert "in bad" in told.exc_text


@each_way
def test_what_is_asked_of_actuators_reaches_functions(how):
    done = []

    async def main():
        async with (
            mesh.Peer(temporary=True, name="shed", settings=ALONE) as shed,
            asker(how, shed) as study,
        ):

            @shed.actuator("fan", allow=[study.id])
            def fan(value):
                done.append(value)

            @shed.actuator("vent", allow=[study.id], least=0, most=180)
            async def vent(value):
                await asyncio.sleep(0)
                if value == 13:
                    raise mesh.Error("that angle is broken")
                done.append(value)

            shed.actuator("mode", allow=[study.id], choices=["5", "true"])(done.append)
            shed.actuator("mine")(done.append)

            await study.set("shed/fan", True)
            await study.set("shed/vent", 12.5)
            await study.set("shed/vent", 90)
            await study.set("shed/mode", "5")
            await study.set("shed/mode", "true")
            assert done == [True, 12.5, 90, "5", "true"]
            assert [type(value) for value in done] == [bool, float, int, str, str]
            for target, value, code, why in (
                ("shed/vent", 13, "4.00", "that angle is broken"),
                ("shed/vent", 200, "4.00", "it can be 0 to 180"),
                ("shed/fan", 1, "4.00", "it can be true or false"),
                ("shed/mine", True, "4.03", "lets only chosen peers"),
            ):
                with pytest.raises(mesh.Refused, match=why) as caught:
                    await study.set(target, value)
                assert caught.value.code == code
            await shed.set("self/mine", False)
            assert done[-1] is False

    run(main)


def test_a_peer_that_runs_elsewhere_takes_no_sensors():
    async def main():
        async with mesh.Peer(temporary=True, settings=ALONE) as running:
            with pytest.raises(mesh.Error, match="runs in another process") as caught:
                async with mesh.Peer(running.home, name="other"):
                    pass
            assert "a peer of its own" in caught.value.help
            early = mesh.Peer(running.home)
            early.sensor("load")(lambda: 1)
            with pytest.raises(mesh.Error, match="runs in another process"):
                await early.__aenter__()
            through = mesh.Peer(running.home)
            async with through:
                with pytest.raises(mesh.Error, match="runs in another process"):
                    through.sensor("load")(lambda: 1)
                await running.__aexit__()
                with pytest.raises(mesh.Unreachable, match="runs no more"):
                    await through.peers()

    run(main)


def test_outside_of_its_block_a_peer_says_so():
    async def main():
        peer = mesh.Peer(temporary=True, settings=ALONE)
        with pytest.raises(mesh.Error, match="not open"):
            await peer.peers()
        async with peer:
            with pytest.raises(mesh.Error, match="open already"):
                await peer.__aenter__()
        with pytest.raises(mesh.Error, match="not open"):
            await peer.read("a/b")
        async with peer:
            assert await peer.peers(wait=0) == []
        with pytest.raises(mesh.Error, match="settings: 'nam' is not one of"):
            async with mesh.Peer(temporary=True, settings={"nam": "x"}):
                pass
        with pytest.raises(mesh.Error, match="folder of its own"):
            mesh.Peer("here", temporary=True)

    run(main)


def test_what_is_said_of_agreements_is_no_reading():
    async def watched():
        who = {"peer": "ann", "id": "", "sensor": None, "verified": True}
        yield who | {"kind": "mark", "words": "says yes", "body": {}}
        yield who | {"sensor": "t", "value": 5}

    async def main():
        assert [row.value async for row in sources.readings(watched)] == [5]

    run(main)
