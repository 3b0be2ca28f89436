"""What the documents show is true: settings parse, commands are accepted, links lead somewhere."""

import json
import re
import shlex
import tomllib
import xml.etree.ElementTree as ET

import pictures
import pytest
import relation_pictures
import typer
from needs import ROOT

from mesh.cli import app as cli
from mesh.cli.lazy import make_app
from mesh.core.full.witnessing import KINDS
from mesh.core.limits import Limits
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import parse
from mesh.core.resources.sharing import shareable
from mesh.device import config
from mesh.hub.desktop_limits import DESKTOP
from mesh.hub.failure import MEANINGS
from mesh.hub.own import sensors
from mesh.hub.own.actuators import KINDS as ACTUATORS

DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")
NUMBERS = ("SECONDS", "N", "S")  # words that stand for a number in the documents


def blocks(language):
    """(where, text) of each block in that language."""
    return [
        (f"{path.name} {number}", text)
        for path in DOCS
        for number, (kind, text) in enumerate(BLOCK.findall(path.read_text()))
        if kind == language
    ]


def cases(found):
    return [pytest.param(text, id=where) for where, text in found]


def keys(spec):
    """Every key of a schema."""
    if isinstance(spec, list):
        return keys(spec[0])
    if not isinstance(spec, dict):
        return set()
    return {key for key in spec if key != "*"}.union(*(keys(inner) for inner in spec.values()))


def rows(text):
    """The cells of each row of each table."""
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def shown_commands():
    """Every command line that begins with mesh: in a block after a $, or between backticks."""
    for path in DOCS:
        text = path.read_text()
        for line in re.findall(r"^ *\$ (mesh .*)$", text, re.MULTILINE):
            yield f"{path.name}: {line}", line
        for line in re.findall(r"`(mesh [^`]+)`", text):
            yield f"{path.name}: {line}", line


@pytest.mark.parametrize("text", cases(blocks("toml")))
def test_examples_for_desktops_are_settings(text):
    parse(tomllib.loads(text), "desktop", shareable())


@pytest.mark.parametrize("text", cases(blocks("json")))
def test_examples_for_boards_are_settings(text):
    settings = config.Reader(text).read()
    assert settings == json.loads(text)
    parse(settings, "board", shareable())


@pytest.mark.parametrize("text", cases(blocks("json")))
def test_examples_for_boards_have_kinds_and_of_boards(text):
    profile = parse(json.loads(text), "board", shareable())
    for package, things in (("sensors", profile.sensors), ("actuators", profile.actuators)):
        for thing in things.values():
            folder = ROOT / "mesh" / "device" / package
            assert (folder / f"{thing.kind}.py").exists(), f"a board has no {package} {thing.kind}"


@pytest.mark.parametrize("text", cases(blocks("toml")))
def test_examples_for_desktops_have_kinds_of_desktops(text):
    profile = parse(tomllib.loads(text), "desktop", shareable())
    assert {sensor.kind for sensor in profile.sensors.values()} <= set(sensors.KINDS)
    assert {actuator.kind for actuator in profile.actuators.values()} <= set(ACTUATORS)


def test_every_setting_is_told():
    told = {word for row in rows(SETTINGS) for word in re.findall(r"`([\w-]+)`", row[0])}
    missing = keys({row.key: row.spec for row in SECTIONS}) - told
    assert not missing, f"docs/settings.md does not tell of {sorted(missing)}"


def test_every_kind_is_told():
    told = {word for row in rows(SETTINGS) for word in re.findall(r"`([\w-]+)`", row[0])}
    boards = {p.stem for p in (ROOT / "mesh/device/sensors").glob("[a-z]*.py")}
    missing = (boards | set(sensors.KINDS)) - told
    assert not missing, f"docs/settings.md does not tell of the sensors {sorted(missing)}"
    actuators = {p.stem for p in (ROOT / "mesh/device/actuators").glob("[a-z]*.py")}
    lost = [kind for kind in actuators | set(ACTUATORS) if f"`{kind}`" not in SETTINGS]
    assert not lost, f"docs/settings.md does not tell of the actuators {lost}"


def test_limits_are_told_with_their_values():
    board = {name: getattr(Limits, name) for name in dir(Limits) if name[0] != "_"}
    assert len(board) > 30, "the limits are not where this test looks for them"
    told = {row[0].strip("`"): row[2:] for row in rows(SETTINGS) if row[0].strip("`") in board}
    wanted = {
        name: [f"{value:,}", f"{DESKTOP[name]:,}" if name in DESKTOP else ""]
        for name, value in board.items()
    }
    assert told == wanted, "docs/settings.md has other limits than the code"


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=where) for where, line in shown_commands()]
)
def test_shown_commands_are_accepted(line):
    line = line.replace("[", "").replace("]", "")  # what may be left out is accepted too
    name, *words = ["1" if word in NUMBERS else word for word in shlex.split(line)[1:]]
    app = typer.main.get_command(make_app())
    if name.startswith("-") or name == "COMMAND":
        assert not words or words == ["--help"], line
        return
    assert name in app.commands, f"no command {name}"
    command = app.commands[name]
    if not words or words == ["--help"]:
        return  # the command as such is spoken of
    command.make_context(name, words)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in DOCS])
def test_links_lead_to_files_and_headings(path):
    for target in LINK.findall(path.read_text()):
        file, _, heading = target.partition("#")
        there = path.parent / file if file else path
        assert there.exists(), f"{target} leads nowhere"
        if heading:
            titles = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
            assert heading in slugs, f"{target}: no such heading"


def test_readme_names_the_two_commands():
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_document_is_found_from_the_readme():
    lost = [path.name for path in DOCS if path.name != "README.md" and path.name not in README]
    assert not lost, f"nobody finds what the README does not name: {lost}"


def test_the_readme_is_short():
    words = len(README.split())
    assert words <= 1500, f"{words} words: what nobody needs first belongs to docs/"


def test_the_glossary_is_short():
    _, _, *words = rows((ROOT / "docs" / "glossary.md").read_text())
    assert 10 < len(words) <= 25, "nobody learns more than 25 words"


def test_every_command_is_told():
    told = (ROOT / "docs" / "command.md").read_text()
    lost = [name for name in cli.COMMANDS if f"`mesh {name}" not in told]
    assert not lost, f"docs/command.md does not tell of {lost}"


def test_every_exit_code_is_told():
    told = {row[0] for row in rows((ROOT / "docs" / "command.md").read_text())}
    assert {str(code) for code in MEANINGS} <= told


def test_the_picture_is_what_its_tool_draws():
    drawn = pictures.picture()
    assert pictures.FILE.read_text() == drawn, "run: python3 tools/pictures.py"
    assert ET.fromstring(drawn).tag.endswith("svg")


def test_the_pictures_of_relations_are_what_their_tool_draws():
    for name, drawn in relation_pictures.pictures().items():
        there = (relation_pictures.FOLDER / name).read_text()
        assert there == drawn, "run: python3 tools/relation_pictures.py"
        assert ET.fromstring(drawn).tag.endswith("svg")


def test_the_registry_has_all_names():
    """Kinds and features that the code has stand in docs/registry.md, and no other ones."""
    page = (ROOT / "docs/registry.md").read_text()
    rows = {
        head: set(re.findall(r"^\| `([a-z-]+)` ", part, re.MULTILINE))
        for head, part in re.findall(
            r"^## (.*?)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
        )
    }
    assert rows["Kinds of entries"] == set(KINDS)
    sources = "".join(path.read_text() for path in (ROOT / "mesh").rglob("*.py"))
    said = re.findall(r'"features"(?:\]\.append\(|: \[)([^)\]]*)', sources)
    told = set(re.findall(r'"([a-z-]+)"', " ".join(said)))
    assert rows["Features"] == {name for name in told if not name.startswith("x-")} - {"features"}
