"""The table of resources in docs/protocol.md says what the code's table says."""

import re

from needs import ROOT

from mesh.core.coap import message as coap
from mesh.core.resources.relation_runs import answering
from mesh.core.resources.resource_table import RESOURCES

WORDS = {coap.GET: "GET", coap.POST: "POST", coap.PUT: "PUT", coap.FETCH: "FETCH"}


def methods(of):
    """The words of docs for what may be done with a resource."""
    codes = set(of.more or ()) | ({coap.GET, coap.FETCH} if of.read else set())
    return {WORDS[code] for code in codes} | ({"Observe"} if of.observable else set())


def test_docs_have_every_resource():
    text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (/\S+) \| ([A-Z][A-Za-z, ]+) \|", text, re.MULTILINE)
    told = {path.replace("/NAME", "/*")[1:]: set(words.split(", ")) for path, words in rows}
    assert told == {of.path: methods(of) for of in (*RESOURCES, answering(None))}
