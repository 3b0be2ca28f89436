"""Delivery, catching up and floods, each beside its neighbours, as lines of `make bench`."""

import contextlib
import os
import shutil
import subprocess

import ceilings
import costly
import delivered
import flood
import hypercore
import mosquitto
import newcomer
import signed
from measure import row, title

LOSS = 1  # per cent
ROUNDS = 3
RULES = """table inet loss {{
    chain input {{
        type filter hook input priority 0;
        numgen random mod 100 < {loss} drop;
    }}
}}
"""


def delivering(quick):
    """Readings delivered and stored a second, beside mosquitto."""
    title("Readings delivered from one process into the SQLite table of another")
    sign, verify, links, rows = ceilings.measure()
    row("Ed25519 alone, one core: sign, verify", f"{sign:,.0f}/s", f"{verify:,.0f}/s")
    row("SHA-256 of a link alone, one core", f"{links:,.0f}/s")
    row("SQLite alone, one core: rows of readings", f"{rows:,.0f}/s")
    part = 3 if quick else 1
    why = mosquitto.missing()
    ours, theirs = {}, {}
    for _ in range(ROUNDS):  # in turn, so that what else this machine does meets all alike
        for a_head, an_entry, count in ((1, 1, 15_000), (20, 1, 75_000), (20, 20, 150_000)):
            figure = delivered.measure(count // part, a_head, an_entry)
            ours.setdefault((a_head, an_entry), []).append(figure)
        for together, count in () if why else ((1, 15_000), (20, 150_000)):
            theirs.setdefault(together, []).append(mosquitto.measure(count // part, together))
    ours = {key: _together(figures) for key, figures in ours.items()}
    theirs = {key: _together(figures) for key, figures in theirs.items()}
    for (a_head, an_entry), figure in ours.items():
        name = f"othermesh, {a_head} a head, {an_entry} in an entry"
        checks = figure.heads / figure.count * figure.per_s / verify
        shares = f"{checks:.0%} of the checks and {figure.per_s / rows:.0%} of the rows of a core"
        _delivery(name, figure, "signed, checked", shares)
    for together, figure in theirs.items():
        _delivery(f"mosquitto QoS 1, {together} in a message", figure, "UNSIGNED")
    if why:
        row("mosquitto", "-", why)
        return
    for key, figure in ours.items():
        ratio = figure.per_s / theirs[1].per_s
        row(f"ours, {key[0]} a head, {key[1]} in an entry, to mosquitto", f"{ratio:.1f}x")
    ratio = ours[20, 20].per_s / theirs[20].per_s
    row("ours, 20 in an entry, to mosquitto, 20 in a message", f"{ratio:.1f}x")


def _together(figures):
    """What several measures make together."""
    count = sum(figure.count for figure in figures)
    took = sum(figure.count / figure.per_s for figure in figures)
    cpu = sum(figure.cpu_us * figure.count for figure in figures)
    heads = sum(figure.heads for figure in figures)
    return delivered.Delivered(count / took, cpu / count, count, heads)


def _delivery(name, figure, protection, *more):
    cpu = f"CPU {figure.cpu_us:6,.1f} us each, all processes"
    row(name, f"{figure.per_s:,.0f}/s", cpu, protection, *more)


def catching_up(quick):
    """A newcomer with an empty store, beside hypercore; with loss, and from three sources."""
    count = newcomer.COUNT // (5 if quick else 1)
    title(f"A newcomer fetches {count:,} entries, checks and stores them all, over TCP")
    ways = [("", ()), *_lossy()]
    theirs = {}
    with contextlib.ExitStack() as stack:
        for name, prefix in ways:
            stack.enter_context(_namespace(prefix))
            with newcomer.sources(count, 3, prefix) as (told, size):
                for number in (1, 3) if not name else (1,):
                    ours = newcomer.catch_up(told[:number], count, prefix)
                    where = f"{number} source{'s' if number > 1 else ''}{name}"
                    _caught(f"othermesh, {where}", ours, "signed, checked; readings indexed")
                    theirs.setdefault(name, []).append(ours)
            if not name:
                with newcomer.sources(count, 1, prefix, shares=False) as (told, _):
                    ours = newcomer.catch_up(told, count, prefix)
                _caught("othermesh, 1 source that knows it", ours, "without a stranger's share")
            if why := hypercore.missing():
                row("hypercore", "-", why)
                continue
            with hypercore.source(count, round(size), prefix) as (port, key):
                other = hypercore.catch_up(port, key, count, prefix)
            _caught(f"hypercore, 1 source{name}", other, "signed, checked, encrypted")
            for number, ours in zip((1, 3), theirs[name], strict=False):
                ratio = other.took_s / ours.took_s
                row(f"ours, from {number}{name}, to hypercore", f"{ratio:.1f}x")


def _caught(name, figure, protection):
    rate = f"{figure.count / figure.took_s:,.0f}/s"
    cpu = f"CPU {figure.cpu_s / figure.count * 1e6:6,.1f} us each, newcomer"
    row(name, rate, f"{figure.took_s:6.2f} s", cpu, protection)


def _lossy():
    """The same with loss, where that can be had."""
    if os.geteuid() == 0 and shutil.which("nft") and shutil.which("ip"):
        name = f"othermesh-bench-{os.getpid()}"
        return [(f", {LOSS}% loss", ("ip", "netns", "exec", name))]
    row(f"with {LOSS}% loss", "-", "needs root, for a network namespace, and nftables")
    return []


@contextlib.contextmanager
def _namespace(prefix):
    """A network namespace of our own in which packets get lost, while in the context."""
    if not prefix:
        yield
        return
    subprocess.run(["ip", "netns", "add", prefix[-1]], check=True)
    try:
        subprocess.run([*prefix, "ip", "link", "set", "lo", "up"], check=True)
        rules = RULES.format(loss=LOSS)
        subprocess.run([*prefix, "nft", "-f", "-"], input=rules, text=True, check=True)
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", prefix[-1]], check=True)


def flooding(quick):
    """Exchanges of two honest peers while a stranger floods one of them."""
    title("Signed exchanges of two peers, 8 outstanding, while a stranger floods one of them")
    for kind in (*flood.KINDS, *costly.KINDS):
        figure = signed.under_flood(kind, 4 if quick else 12)
        row(
            f"flood of {kind}",
            f"{figure.flooded:,.0f}/s",
            f"beside a busy process {figure.calm:,.0f}/s",
            f"kept {figure.flooded / figure.calm:.0%}",
            f"of {figure.sent_per_s:,.0f} messages/s",
            f"memory {figure.grown_kib:+,} KiB",
        )
