"""aiocoap beside us: plain, OSCORE, Group OSCORE; 40 bytes from a server in its own process."""

import asyncio
import json
import subprocess
import sys

import aiocoap
from aiocoap import credentials, oscore, oscore_sitewrapper, resource
from aiocoap.transports.oscore import OSCOREAddress
from measure import exchanges

PAYLOAD = bytes(40)
MODES = ("plain", "OSCORE", "Group OSCORE")


class Reading(resource.Resource):
    """Answers 40 bytes."""

    async def render_get(self, request):
        return aiocoap.Message(payload=PAYLOAD)


class Context(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):
    """An OSCORE context that lives in memory, as a bench needs no disk."""

    def __init__(self, sender, recipient):
        self.alg_aead = oscore.algorithms[oscore.DEFAULT_ALGORITHM]
        self.hashfun = oscore.hashfunctions[oscore.DEFAULT_HASHFUNCTION]
        self.sender_id, self.recipient_id, self.id_context = sender, recipient, None
        self.derive_keys(b"salt", bytes(16))
        self.sender_sequence_number = 0
        self.recipient_replay_window = oscore.ReplayWindow(32, lambda: None)
        self.recipient_replay_window.initialize_empty()

    def post_seqnoincrease(self):
        """Nothing is kept."""


def group(keys, me, other):
    """A Group OSCORE context of two, signing with Ed25519."""
    private, public = [[bytes.fromhex(k) for k in pair] for pair in keys]
    names = [b"", b"\x01"]
    return oscore.SimpleGroupContext(
        oscore.algorithms[oscore.DEFAULT_ALGORITHM],
        oscore.hashfunctions[oscore.DEFAULT_HASHFUNCTION],
        oscore.Ed25519(),
        oscore.algorithms[oscore.DEFAULT_ALGORITHM],
        oscore.EcdhSsHkdf256(),
        b"G",
        bytes(64),
        b"salt",
        names[me],
        private[me],
        public[me],
        {names[other]: public[other]},
        b"dummy credential",
        group_manager_cred_fmt="dummy",
    )


def context_for(mode, keys, me, other):
    """The security context of one side, or None."""
    if mode == "OSCORE":
        return Context(b"" if me == 0 else b"\x01", b"" if other == 0 else b"\x01")
    if mode == "Group OSCORE":
        return group(keys, me, other)
    return None


async def serve(mode, port, keys):
    """Serve until standard input closes."""
    site = resource.Site()
    site.add_resource(["reading"], Reading())
    context = context_for(mode, keys, 0, 1)
    if context is not None:
        known = credentials.CredentialsMap()
        known[":a"] = context
        site = oscore_sitewrapper.OscoreSiteWrapper(site, known)
    await aiocoap.Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=["udp6"]
    )
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def measure(mode, port, outstanding, seconds):
    """Figure of one mode."""
    pairs = [oscore.Ed25519().generate_with_ccs() for _ in range(2)]
    keys = [[key.hex() for key, _ in pairs], [public.hex() for _, public in pairs]]
    command = [sys.executable, __file__, mode, str(port), json.dumps(keys)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        client = await aiocoap.Context.create_client_context(transports=["oscore", "udp6"])
        context = context_for(mode, keys, 1, 0)
        if context is not None:
            client.client_credentials[f"coap://127.0.0.1:{port}/*"] = context

        async def one():
            request = aiocoap.Message(code=aiocoap.GET, uri=f"coap://127.0.0.1:{port}/reading")
            response = await client.request(request).response
            secured = isinstance(response.remote, OSCOREAddress)
            if response.payload != PAYLOAD or secured is not (context is not None):
                raise SystemExit(f"aiocoap {mode} answered {response}")

        await one()
        figure = await exchanges(one, outstanding, seconds)
        await client.shutdown()
        server.stdin.close()
    return figure


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])))
