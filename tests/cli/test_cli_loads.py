"""What commands load: a list loads no command, and a question to a running peer nothing of one."""

import asyncio
import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from commands import make_home, running

from mesh.cli import lazy, overview, values
from mesh.cli.command_table import COMMANDS, GROUPS, MODULES
from mesh.cli.commands import peers
from mesh.cli.views import viewing

PROMPT_S = 60
TELLING = (
    "import json, sys\n"
    "from mesh.cli.app import run\n"
    "code = run(sys.argv[1:])\n"
    "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
)
# of a peer, its store, and the boards: whoever asks a running one needs none of it
PEERS = {
    *("aiocoap", "cbor2", "cryptography", "plotext", "psutil", "serial", "sqlite3", "tomlkit"),
    *("tomllib", "uvloop", "zeroconf"),
    *(
        "mesh.core.node",
        "mesh.hub.desktop_peer",
        "mesh.hub.operations.table",
        "mesh.hub.desktop_kit",
    ),
    *("mesh.hub.home.settings_file", "mesh.hub.store"),
}
HELP = PEERS | {"asyncio", "mesh.hub.operations.session", "mesh.cli.views.render"}
SCREEN = {"asyncio", "pydantic", "rich", "typer"}


def module_name(command):
    return f"{lazy.PACKAGE}.{MODULES.get(command, command.replace(' ', '_'))}"


def loaded(*arguments):
    """The modules that a command has loaded at its end, which has to be a good one."""
    done = subprocess.run(
        [sys.executable, "-c", TELLING, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PROMPT_S,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        ([], HELP | SCREEN | {"importlib.metadata"}),
        (["--version"], HELP | SCREEN),
        (["--help"], HELP),
        (["board", "--help"], HELP),
    ],
)
def test_what_tells_of_commands_loads_none(arguments, needless):
    modules = loaded(*arguments)
    assert not needless & modules
    assert not set(map(module_name, COMMANDS)) & modules


def test_what_may_not_be_loaded_is_there():
    ours = [name for name in HELP if name.startswith("mesh.")]
    assert all(importlib.util.find_spec(name) for name in ours)


@pytest.mark.parametrize("words", [(), ("--json",), ("--columns", "name,state")])
def test_peers_with_a_running_peer_loads_only_what_speaks_to_it(tmp_path, words):
    home = make_home(tmp_path / "study")

    async def main():
        async with running(home):
            return await asyncio.to_thread(loaded, "peers", "--home", home.path, *words)

    modules = asyncio.run(main())
    assert not (PEERS | {"importlib.metadata", "pydantic"}) & modules
    assert {name for name in map(module_name, COMMANDS) if name in modules} == {
        "mesh.cli.commands.peers"
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_a_command_is_what_its_docstring_begins_with(name):
    module = lazy.module_of(name)
    assert COMMANDS[name] == overview.clause(module.command.__doc__)
    assert name.rpartition(" ")[0] in {"", *GROUPS}


def test_every_command_is_in_the_table():
    folder = Path(peers.__file__).parent
    found = {file.stem for file in folder.glob("*.py") if "\nEXAMPLE = " in file.read_text()}
    assert found == {module_name(name).rpartition(".")[2] for name in COMMANDS}


def test_every_view_is_found_by_its_name():
    folder = Path(viewing.__file__).parent
    there = {file.stem for file in folder.glob("*.py") if "\nVIEWS: " in file.read_text()}
    assert there == set(viewing.MODULES)
    for module, names in viewing.MODULES.items():
        views = importlib.import_module(f"{viewing.PACKAGE}.{module}").VIEWS
        assert set(views) == set(names)
        assert all(viewing.view_of(name) is views[name] for name in names)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_not_typed_is_what_typer_makes_of_it(name):
    command = lazy.module_of(name).command
    kinds = []
    for cls in (values.Command, None):
        alone = typer.Typer(add_completion=False)
        alone.command("one", cls=cls)(command)
        made = typer.main.get_command(alone)
        context = typer.Context(made)
        kinds.append([(param, context) for param in made.get_params(context)])
    for (ours, context), (typers, other) in zip(*kinds, strict=True):
        default = ours.get_default(context)
        if ours.required:
            continue
        mine = ours.process_value(context, default)
        theirs = typers.process_value(other, typers.get_default(other))
        assert (mine, type(mine)) == (theirs, type(theirs)), ours.name


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        (["--word", "küche"], "küche"),
        (["--word", ""], ""),
        (["--word", "\udcff"], "\udcff"),
        (["--many", "a", "--many", "b"], ["a", "b"]),
        (["--number", "7"], 7),
        (["--number", "seven"], typer.TyperException),
        (["--number", "9"], typer.TyperException),
        (["--path", "nowhere/at/all"], Path("nowhere/at/all")),
        (["--path", "."], Path()),
        (["--folder", __file__], typer.TyperException),
    ],
)
def test_what_was_typed_is_taken_or_refused_as_typer_does(arguments, seen):
    def command(
        word: str | None = None,
        many: list[str] | None = None,
        number: Annotated[int, typer.Option(max=8)] = 3,
        path: Path | None = None,
        folder: Annotated[Path | None, typer.Option(file_okay=False)] = None,
    ):
        given = {"word": word, "many": many, "number": number, "path": path, "folder": folder}
        return given[arguments[0].removeprefix("--")]

    for cls in (values.Command, None):
        alone = typer.Typer(add_completion=False)
        alone.command("one", cls=cls)(command)
        made = typer.main.get_command(alone)
        if isinstance(seen, type):
            with pytest.raises(seen):
                made(list(arguments), standalone_mode=False)
        else:
            assert made(list(arguments), standalone_mode=False) == seen
