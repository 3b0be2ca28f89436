"""A program's own zeroconf, which its peer uses (`import mesh`)."""

import pytest
from api_peers import run
from hubs import HOST
from zeroconf import Zeroconf
from zeroconf.asyncio import AsyncZeroconf

import mesh

FOUND = {"port": 0, "discovery": {"layers": ["dns-sd"], "interface": HOST}}


@pytest.mark.parametrize("kind", [Zeroconf, AsyncZeroconf])
def test_a_zeroconf_of_the_program_is_used_and_stays_open(kind):
    async def main():
        outer = kind(interfaces=[HOST])
        inner = outer if isinstance(outer, Zeroconf) else outer.zeroconf
        async with mesh.Peer(temporary=True, name="one", settings=FOUND, zeroconf=outer) as one:
            assert len(inner.registry.async_get_service_infos()) == 1
            async with mesh.Peer(temporary=True, name="two", settings=FOUND) as two:
                [there, here] = [
                    await two.wait_for(one.id),
                    await one.wait_for(two.id),
                ]
                assert (there.label, here.label) == ("one", "two")
        assert inner.started
        assert not inner.done
        assert not inner.registry.async_get_service_infos()
        await (outer if outer is not inner else AsyncZeroconf(zc=inner)).async_close()

    run(main)


def test_a_zeroconf_of_another_loop_is_refused():
    outer = Zeroconf(interfaces=[HOST])

    async def main():
        with pytest.raises(mesh.Error, match="another event loop"):
            async with mesh.Peer(temporary=True, settings=FOUND, zeroconf=outer):
                pass

    try:
        run(main)
    finally:
        outer.close()
