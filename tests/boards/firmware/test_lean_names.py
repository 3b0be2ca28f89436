"""Private names become short where nobody else can mean them, and only there."""

import re
from pathlib import Path

from mesh.boards.firmware import lean
from mesh.boards.firmware.lean_names import shortened


def short(**modules):
    texts = {Path("pack", name + ".py"): text for name, text in modules.items()}
    return {path.stem: text for path, text in shortened(texts).items()}


def test_a_name_of_one_module_is_short_wherever_it_stands():
    source = "class A:\n    def _find(self, x):\n        self._best = _cost(self._find)\n"
    source += "\n\ndef _cost(x): return x\n"
    assert short(one=source)["one"] == (
        "class A:\n    def _c(self, x):\n        self._a = _b(self._c)\n\n\ndef _b(x): return x\n"
    )


def test_modules_have_the_same_short_names():
    texts = short(one="self._first = 1", two="self._second = 1")
    assert texts == {"one": "self._a = 1", "two": "self._a = 1"}


def test_subclasses_have_other_short_names_except_for_shared_ones():
    one = "class A:\n    def _first(self): self._both\n"
    for two in (
        "from pack.one import A\nclass B(A):\n    def _second(self): self._both\n",
        "from pack import one\nclass B(one.A):\n    def _second(self): self._both\n",
    ):
        three = two.replace("one", "two").replace("(A", "(B").replace("import A", "import B")
        texts = short(one=one, two=two, three=three.replace("second", "third"))
        assert [
            line for text in texts.values() for line in text.splitlines() if "def" in line
        ] == [f"    def _{name}(self): self._a" for name in "bcd"]


def test_names_that_other_modules_could_use_stay():
    for source in (
        "import _thread",
        "from _here import x as _there",
        "node._work = 1",
        "self.it._part = 1",
        "f(_key=1)",
        "getattr(x, '_name')",
        "x = f'{_part}'",
        "self._now = f'{self._now}'",
        "self.__init__, self.__dict__, _",
    ):
        assert short(one=source)["one"] == source
    texts = short(one="self._name = 1", two="x._name = 2")
    assert texts == {"one": "self._name = 1", "two": "x._name = 2"}


def test_a_short_name_is_not_one_that_is_there():
    assert short(one="_b, _long = x._a, 1")["one"] == "_b, _c = x._a, 1"


def test_a_board_meets_few_private_names():
    def private(texts):
        return {name for text in texts for name in re.findall(r"\b_[a-z]\w*", text)}

    before = [(lean.SOURCES.parent / path).read_text() for path in lean.sources()]
    assert len(private(lean.leaned().values())) < len(private(before)) / 3
