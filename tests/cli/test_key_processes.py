"""A peer that lost everything comes back with its guardian's yes, by processes that hear of each
other over UDP alone.
"""

import asyncio
import json
import shutil

from commands import LOOPBACK, make_home, mesh, running

from mesh.core import peer_id as ids
from mesh.hub.home.home import Home

KEEP_S = 0.2
LIMIT_S = 100  # eight processes start one after another


def port_of(up):
    return up["addresses"][0].rpartition(":")[2]


def knows(home, up):
    with home.settings_file.open("a") as file:
        file.write(f'[[peers]]\naddress = "{LOOPBACK}:{port_of(up)}"\n')


async def done(home, *words):
    code, out, err = await mesh(*words, "--home", home.path, "--json")
    while code in (3, 4):  # nobody there, or no answer yet: the computer may be busy
        await asyncio.sleep(KEEP_S)
        code, out, err = await mesh(*words, "--home", home.path, "--json")
    assert code == 0, err
    return json.loads(out)


async def until(home, words, found):
    """Ask again until the reply is as wanted: what others say takes its time."""
    while True:
        code, out, _ = await mesh(*words, "--home", home.path, "--json")
        if code == 0 and found(row := json.loads(out)):
            return row
        await asyncio.sleep(KEEP_S)


def test_a_guardian_brings_back_who_lost_everything(tmp_path):
    ann, bob = (make_home(tmp_path / name) for name in ("ann", "bob"))
    former = ids.to_text(ann.peer_id())

    async def prepared():
        """Ann names bob as a guardian, and is up until bob has that."""
        await done(ann, "key", "guard", ids.to_text(bob.peer_id()))
        async with running(ann) as (_, up):
            knows(bob, up)
            async with running(bob):
                wanted = ("key", "show", former)
                row = await until(bob, wanted, lambda row: row["guardians"])
                assert (row["need"], row["now"]) == (1, None)

    async def recovered():
        async with running(bob) as (_, up):
            fresh = Home(tmp_path / "fresh")
            fresh.path.mkdir(mode=0o700)
            fresh.settings_file.write_text("[discovery]\nlayers = []\n")
            knows(fresh, up)
            code, _, err = await mesh("key", "lost", "zzzz", "--home", fresh.path)
            assert (code, "nobody who is up holds" in err) == (3, True), err
            told = await done(fresh, "key", "lost", former[:12], "-i", LOOPBACK)
            assert (told["former"], told["by_next"]) == (former, False)
            async with running(fresh):
                row = await until(bob, ("key",), lambda row: row["asked"])
                assert row["asked"][0]["id"] == told["id"]
                await done(bob, "key", "recover", former, "--yes")
                row = await until(bob, ("key", "show", former), lambda row: row["now"])
                assert (row["now_id"], row["end"]) == (told["id"], told["end"])
                shown = await until(fresh, ("key", "show", told["id"]), lambda row: row["former"])
                assert shown["line"] == [former, told["id"]]

    async def main():
        await prepared()
        shutil.rmtree(ann.path)
        await recovered()

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))
