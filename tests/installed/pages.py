"""The commands that documents show, each with what it is shown to say."""

import re
from typing import NamedTuple

from needs import ROOT

FENCE = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^    .*\n)+", re.MULTILINE)
COMMAND = "$ mesh "
# these need a second firmware, and have tests of their own: tests/device/firmware
ELSEWHERE = ("update greenhouse --firmware dist/pico_w",)
PAGES = ("docs/tour", "README", "docs/first-board", "docs/command", "docs/hardware",
         "docs/firmware", "docs/updates")  # fmt: skip


class Shown(NamedTuple):
    """A command as a page shows it, and the lines below it."""

    page: str
    words: str
    says: tuple[str, ...]


def shown():
    """Each of them, in an order in which a reader comes by them."""
    found = [one for page in PAGES for one in _page(page) if one.words not in ELSEWHERE]
    once = {(one.words, one.says): one for one in found[::-1]}
    found = [one for one in found if once[one.words, one.says] is one]
    return sorted(found, key=by_another)  # which is gone then, and silent


def by_another(one):
    """Whether it is another computer that asks, which nobody named to the greenhouse."""
    return one.page == "docs/tour" and one.words == "set greenhouse/fan false"


def every_page_with_commands():
    """The pages that show any, whether they are walked or not."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    names = {str(path.relative_to(ROOT).with_suffix("")) for path in files}
    return {name for name in names if _page(name)}


def _page(page):
    text = (ROOT / f"{page}.md").read_text()
    blocks = FENCE.findall(text)
    blocks += [re.sub("^    ", "", b, flags=re.M) for b in INDENTED.findall(FENCE.sub("", text))]
    found = []
    for block in sorted(blocks, key=lambda one: text.find(one.splitlines()[0])):
        for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
            if part.startswith(COMMAND):
                first, *rest = part.splitlines()
                found.append(Shown(page, first.removeprefix("$ mesh "), tuple(rest)))
    return found
