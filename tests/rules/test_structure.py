"""The structure of the tree is measured rightly, told as it is, and gets no worse."""

import tomllib

import structure
from needs import ROOT


def lay_out(folder, reasons=()):
    files = {
        "p/__init__.py": "",
        "p/low/__init__.py": "",
        "p/low/thing.py": "class Thing:\n    def __init__(self):\n        self.state = 0\n",
        "p/low/other.py": "from p.low.thing import Thing\nThing().state = 1\n",
        "p/high/__init__.py": "",
        "p/high/user.py": (
            "TYPE_CHECKING = False\n"
            "if TYPE_CHECKING:\n    from p.high.maker import make\n"
            "from p.low.thing import Thing\n"
            "def use(thing):\n    thing.state = 2\n    thing.own = 3\n"
        ),
        "p/high/maker.py": "def make():\n    from p.high import user\n    return user\n",
        "p/high/thing.py": "",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return structure.measure(folder, "p", reasons)


def test_what_is_measured(tmp_path):
    found = lay_out(tmp_path)
    assert found.folders["p/low"] == (3, 5, "thing", 3)
    assert found.arrows == {("p/high", "p/low"): 1}
    assert found.circles == [("p.high.maker", "p.high.user")], "types alone and functions count"
    assert found.twice == {"thing": ["p.high.thing", "p.low.thing"]}
    assert found.across == ["p.high.user:6 thing.state"]
    assert found.within == ["p.high.user:7 thing.own", "p.low.other:2 Thing().state"]


def test_more_than_is_allowed_is_told(tmp_path):
    found = lay_out(tmp_path)
    assert not structure.excess(found, {"circles": 1, "twice": 1, "across": 1})
    (told,) = structure.excess(found, {"circles": 0, "twice": 1, "across": 1})
    assert told == "circles: 1, and 0 are allowed"


def test_a_write_for_a_reason_is_counted_apart_and_told(tmp_path):
    reasons = {"p.high.* thing.*": "it has no methods"}
    found = lay_out(tmp_path, reasons)
    assert found.across == []
    assert found.reasoned == {"p.high.* thing.*": ["p.high.user:6 thing.state"]}
    assert "- `p.high.* thing.*`, 1: it has no methods\n" in structure.table(found, reasons)
    limits = {"circles": 1, "twice": 1, "across": 0}
    assert not structure.excess(found, limits)
    found = lay_out(tmp_path, {"p.low.* thing.*": ""})
    assert found.across == ["p.high.user:6 thing.state"]
    idle = "reasons: nothing is written as in p.low.* thing.*"
    assert structure.excess(found, limits | {"across": 1}) == [idle]


def test_it_gets_no_worse():
    allowed = structure.allowed()
    found = structure.measure(ROOT, reasons=allowed["reasons"])
    assert not structure.excess(found, allowed), "python tools/structure.py shows where"
    assert allowed["circles"] == 0
    assert allowed["twice"] == 0, "boards have the modules of all folders in one"
    assert len(found.folders) > 30


def test_the_page_is_current():
    page = structure.PAGE.read_text()
    reasons = structure.allowed()["reasons"]
    found = structure.measure(ROOT, reasons=reasons)
    now = structure.updated(page, structure.table(found, reasons))
    assert page == now, "run `python tools/structure.py --update`"


def test_the_tests_mirror_the_package():
    """A folder of tests/ that has the name of one in mesh/ has no folders but that one's."""
    lone = []
    for floor in (path.name for path in (ROOT / "mesh").iterdir() if path.is_dir()):
        for test in (ROOT / "tests" / floor).rglob("test_*.py"):
            folder = test.parent.relative_to(ROOT / "tests")
            if not (ROOT / "mesh" / folder).is_dir():
                lone.append(str(folder))
    assert not lone, f"no folders of mesh/ have the names of these: {sorted(set(lone))}"


def test_no_test_imports_another():
    """What two tests share is in a module of its own, whose name says what it is."""
    shared = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for number, line in enumerate(path.read_text().split("\n"), 1)
        if line.startswith(("from test_", "import test_"))
    ]
    assert not shared, shared


def test_helpers_of_tests_have_names_of_their_own():
    """They are imported by their plain names, from whichever folder pytest puts first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]
    found: dict[str, str] = {}
    for folder in set(settings["ini_options"]["pythonpath"]) - {"."}:
        for path in sorted((ROOT / folder).glob("*.py")):
            if not path.name.startswith(("test_", "conftest", "__init__")):
                one = found.setdefault(path.name, folder)
                assert one == folder, f"{path.name} is in {one} and in {folder}"
