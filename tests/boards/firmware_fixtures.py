"""Firmware is built once; tests take copies."""

import needs
import pytest

from mesh.boards.firmware.build import build


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The firmware of the unix port, the only one that runs here."""
    return build("unix", tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def coap_client():
    """libcoap's client, a stranger; without DTLS if there is a choice, as nothing here uses it."""
    names = ("coap-client-notls", "coap-client", "coap-client-openssl")
    return needs.program(*names) or needs.missing(
        "no coap-client: `make test` as root installs it (libcoap3-bin)"
    )
