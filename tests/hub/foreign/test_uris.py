"""Addresses that people type: RFC 7252 s.6, RFC 8323 s.8, RFC 3986, RFC 6874."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.core.errors import LocalError
from mesh.hub.foreign import coap_client
from mesh.hub.foreign.uris import SCHEMES, checked


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("coap://host", "coap://host/"),
        ("COAP://Host/Path", "coap://Host/Path"),
        ("CoAP+TCP://h:5683/", "coap+tcp://h:5683/"),
        (" coap+ws://h/x\n", "coap+ws://h/x"),
        ("coap://[fe80::1%25eth0]/", "coap://[fe80::1%eth0]/"),
        ("coap://[fe80::1%eth0]:61616/a", "coap://[fe80::1%eth0]:61616/a"),
        ("coap://[fe80::1%2]/", "coap://[fe80::1%2]/"),
        ("coap://[FE80::1%25en%2d0]/", "coap://[FE80::1%en-0]/"),
        ("coap://[2001:db8::2:1]/", "coap://[2001:db8::2:1]/"),
        ("coap://[::ffff:192.0.2.1]/", "coap://[::ffff:192.0.2.1]/"),
        ("coap://192.0.2.1:", "coap://192.0.2.1/"),
        ("coap://h:05683/", "coap://h:5683/"),
        ("coap://example.com:5683/~sensors/temp.xml", "coap://example.com:5683/~sensors/temp.xml"),
        ("coap://EXAMPLE.com/%7Esensors/temp.xml", "coap://EXAMPLE.com/%7Esensors/temp.xml"),
        ("coap://h/a/../b/./c", "coap://h/b/c"),
        ("coap://h/a/%2E%2e/b/..", "coap://h/"),
        ("coap://h/../../a", "coap://h/a"),
        ("coap://h//a/", "coap://h//a/"),
        ("coap://h/a%2Fb?x=%26&y", "coap://h/a%2Fb?x=%26&y"),
        ("coap://h?a=1", "coap://h/?a=1"),
        ("coap://h/?", "coap://h/"),
        ("coap://h/\u00e4?\u00e4", "coap://h/\u00e4?\u00e4"),
        ("coap://%68ost/", "coap://host/"),
        ("coap://h/" + "a" * 255, "coap://h/" + "a" * 255),
    ],
)
def test_what_is_used(typed, used):
    assert checked(typed) == used
    coap_client._request(checked(typed), None)  # the library takes it


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "no CoAP address"),
        ("host/x", "no CoAP address"),
        ("coap:/x", "no CoAP address"),
        ("http://h/", "no CoAP address"),
        ("mailto:x", "no CoAP address"),
        ("coaps://h/", "DTLS"),
        ("coap://", "names no host"),
        ("coap:///x", "names no host"),
        ("coap://:5683/", "names no host"),
        ("coap://h/#top", "behind #"),
        ("coap://me:secret@h/", "no user names"),
        ("coap://h:/x:y@/#", "behind #"),
        ("coap://h:0/", "port is a number"),
        ("coap://h:65536/", "port is a number"),
        ("coap://h:+1/", "port is a number"),
        ("coap://h:\u0663/", "port is a number"),
        ("coap://h:port/", "port is a number"),
        ("coap://::1/", "in brackets"),
        ("coap://fe80::1%eth0/", "in brackets"),
        ("coap://[::1/x", "in brackets"),
        ("coap://[::1]x/", "in brackets"),
        ("coap://[::1]]/", "in brackets"),
        ("coap://[]/", "no IPv6 address"),
        ("coap://[1.2.3.4]/", "no IPv6 address"),
        ("coap://[v1.x]/", "no IPv6 address"),
        ("coap://[fe80::1%]/", "name of an interface"),
        ("coap://[fe80::1%25a%2fb]/", "name of an interface"),
        ("coap://h/%zz", "hexadecimal"),
        ("coap://h/50%", "hexadecimal"),
        ("coap://h/?a=%4", "hexadecimal"),
        ("coap://h/%ff", "not UTF-8"),
        ("coap://h/\udcff", "not UTF-8"),
        ("coap://h/" + "a" * 256, "longer than 255"),
        ("coap://h/?" + "\u00e4" * 128, "longer than 255"),
        ("coap://a..b/", "no host is called that"),
        ("coap://" + "x" * 64 + ".example/", "no host is called that"),
        ("coap://a b/", "no host is called that"),
        ("coap://*/", "no host is called that"),
        ("coap://h/a\x00b", "control character"),
        ("coap://h/a\r\nb", "control character"),
    ],
)
def test_what_is_wrong_is_said(typed, why):
    with pytest.raises(LocalError) as caught:
        asyncio.run(coap_client.get(typed))
    assert why in caught.value.detail
    assert caught.value.help


letters = st.text("abcoaps+ws:/[]%25@#?&=.\\ \u00e4\udc80\x000123456789", max_size=30)


@given(st.sampled_from([*SCHEMES, "COAP", ""]), letters)
def test_nothing_else_is_raised(scheme, rest):
    for typed in (f"{scheme}://{rest}", f"{scheme}://h/{rest}", f"{scheme}://[{rest}]/", rest):
        try:
            used = checked(typed)
        except LocalError:
            continue
        assert checked(used) == used, "what is used stays as it is"
        coap_client._request(used, None)
