"""What strangers can cause to be written is summed up: bytes under a flood are counted."""

import asyncio
import errno
import io
import json
import logging
import os

from announced import LOOPBACK, ONE, TWO, Heard, only
from hubs import run, until
from zeroconf import DNSPointer, ServiceStateChange
from zeroconf.asyncio import AsyncZeroconf

from mesh.cli.views import event_lines as lines
from mesh.core.events import PeerFound, PeerLost, Reading, Refused
from mesh.core.limits import Limits
from mesh.hub import quiet
from mesh.hub.guard import Faults
from mesh.hub.net.announcer import TYPE
from mesh.hub.net.browser import Discovery
from mesh.hub.operations import happenings
from mesh.hub.quiet import Quiet, QuietHandler

FLOOD = 20_000


class Time:
    def __init__(self, monkeypatch):
        self.ms = 0
        monkeypatch.setattr(quiet, "_now_ms", lambda: self.ms)


def shown(rows):
    """The bytes on a screen, as JSON and for people."""
    as_json = sum(len(json.dumps(row)) for row in rows)
    return as_json, sum(len(lines.up(row).plain) for row in rows)


def flooded(start, events, extra=()):
    """The rows of `mesh up` while these happen, a hundred at a time, and then the extra ones."""
    rows = []

    async def main():
        async with start("one") as one:
            with one.events() as news:
                showing = asyncio.create_task(show(one, news))
                for at in range(0, len(events), 100):
                    for event in events[at : at + 100]:
                        one._on_event(event)
                    await asyncio.sleep(0)
                await until(lambda: not news._items)
                for event in extra:
                    event()
                    one._on_event(Refused(None, None, 0x83, "rule: no"))
                    await until(lambda: not news._items)
            await showing

    async def show(one, news):
        async for row in happenings.happenings(one, news):
            rows.append(row)  # noqa: PERF401 - some of it is looked at before it ends

    run(main)
    return rows


def test_a_flood_that_is_refused_is_a_few_lines_and_a_sum(start, monkeypatch):
    time = Time(monkeypatch)
    flood = [
        Refused((f"10.0.{n % 40}.7", 1000 + n % 50_000), None, 0x81, "wrong signature")
        for n in range(FLOOD)
    ]
    rows = flooded(start, flood, [lambda: setattr(time, "ms", 10_000)])
    assert [row["event"] for row in rows] == ["refused"] * 5 + ["summed", "refused"]
    left = rows[5]
    assert (left["of"], left["more"], left["sources"]) == ("refused", FLOOD - 5, 40)
    assert "19995 more refused from 40 addresses in 10 s" in lines.up(left).plain
    assert max(shown(rows)) < 2000


def test_comings_and_goings_of_strangers_are_summed_up_too(start, monkeypatch):
    Time(monkeypatch)
    strangers = [os.urandom(32) for _ in range(2000)]
    flood = [PeerFound(who, "x" * 64, ("10.0.0.1", 1), "asked us") for who in strangers]
    flood += [PeerLost(who, "no answer") for who in strangers]
    rows = flooded(start, flood)
    assert [row["event"] for row in rows] == ["found"] * 20 + ["lost"] * 20


def test_readings_of_one_leave_room_for_those_of_another(start, monkeypatch):
    Time(monkeypatch)
    clock = [2, 1, 0, None]
    loud, calm = os.urandom(32), os.urandom(32)
    flood = [Reading(loud, n, "t", "Cel", n, clock) for n in range(5000)]
    flood.append(Reading(calm, 1, "t", "Cel", 1, clock))
    rows = flooded(start, flood)
    assert len(rows) == happenings.MOST_READINGS + 1
    assert rows[-1]["value"] == 1


def test_kinds_take_a_bounded_room():
    one = Quiet()
    for n in range(5000):
        one.takes(n, 5, n)
    assert len(one._kinds) <= quiet.MOST_KINDS + 1


def test_log_lines_of_a_kind_are_few_whoever_writes_them(monkeypatch):
    time = Time(monkeypatch)
    handler = QuietHandler()
    handler.setStream(io.StringIO())
    log = logging.Logger("zeroconf")
    log.addHandler(handler)
    for n in range(FLOOD):
        try:
            raise ValueError("malformed")
        except ValueError:
            log.warning("what came from %s is malformed", n, exc_info=True)
    assert handler.stream.getvalue().count("is malformed") == quiet.MOST_LOG
    assert "Traceback" not in handler.stream.getvalue()
    assert len(handler.stream.getvalue()) < 10_000
    time.ms = 10_000
    log.warning("another line")
    told = handler.stream.getvalue()
    assert f"zeroconf: {FLOOD - quiet.MOST_LOG} lines more of the same kind in 10 s" in told
    assert "another line" in told


def test_an_interface_that_went_is_nothing_to_tell_of_zeroconf():
    screen = io.StringIO()
    handler = QuietHandler()
    handler.setStream(screen)
    log = logging.Logger("zeroconf")
    log.addHandler(handler)
    for code in (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EPERM):
        error = OSError(code, os.strerror(code))
        log.warning("Error with socket 7: %s", error, exc_info=error)
    (line,) = screen.getvalue().splitlines()
    assert os.strerror(errno.EPERM) in line


def test_tracebacks_are_told_of_what_is_ours():
    screen = io.StringIO()
    handler = QuietHandler()
    handler.setStream(screen)
    for name in ("zeroconf", "aiocoap.messagemanager", "mesh.hub.desktop_peer"):
        log = logging.Logger(name)
        log.addHandler(handler)
        try:
            raise OSError(101, f"no way out of {name}")
        except OSError as error:
            log.warning("it failed: %s", error, exc_info=True)
    told = screen.getvalue()
    assert told.count("Traceback") == 1
    assert told.count("it failed") == 3
    assert "\nOSError: [Errno 101] no way out of mesh.hub.desktop_peer" in told


def test_names_of_mdns_that_are_none_are_passed_over(caplog):
    faults = Faults(lambda _: None)

    async def main():
        heard = Heard()
        one = Discovery(ONE, 7000, heard.candidate, heard.withdraw, Limits(), faults)
        await one.start(LOOPBACK)
        async with AsyncZeroconf(["127.0.0.1"]) as strange:
            for n in range(500):
                long = "\ufffd" * 30
                for name in (
                    f"x{n}",
                    f"{n}._http._tcp.local.",
                    "",
                    f"\x00{n}.{TYPE}",
                    "a" * 80,
                    f"{long}{n}.{TYPE}",
                    f"a{n}._x.{TYPE}",
                    f".{TYPE}",
                    TYPE,
                    f"{n}." + "b." * 120 + TYPE,
                ):
                    only(one)._on_change(strange.zeroconf, TYPE, name, ServiceStateChange.Added)
        await one.stop()

    run(main)
    assert faults.count == 0, caplog.text
    assert sum(len(record.getMessage()) for record in caplog.records) < 1000


def test_what_fails_in_zeroconf_s_callbacks_is_told_once(caplog):
    faults = Faults(lambda _: None)

    def broken(*_):
        raise KeyError("planted")

    async def main():
        one = Discovery(ONE, 7000, broken, broken, Limits(), faults)
        await one.start(LOOPBACK)
        there, (way,) = only(one), one._announcers
        for _ in range(10):
            one._ids[way, "x"] = TWO
            there._on_change(None, TYPE, "x", ServiceStateChange.Removed)
        await one.stop()

    run(main)
    assert faults.count == 10
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_name_that_cannot_be_sent_leaves_what_zeroconf_knows():
    """Else each question for our services would fail, for as long as the record lasts."""
    faults = Faults(lambda _: None)
    name = "\ufffd" * 30 + "." + TYPE

    async def main():
        heard = Heard()
        one = Discovery(ONE, 7000, heard.candidate, heard.withdraw, Limits(), faults)
        await one.start(LOOPBACK)
        zeroconf = only(one)._zeroconf.zeroconf
        record = DNSPointer(TYPE, 12, 1, 4500, name)
        zeroconf.cache.async_add_records([record])
        only(one)._on_change(zeroconf, TYPE, name, ServiceStateChange.Added)
        assert record not in zeroconf.cache.async_entries_with_name(TYPE)
        await one.stop()

    run(main)
    assert faults.count == 0
