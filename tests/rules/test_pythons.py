"""tools/pythons.py: the newest Python beside the own one, among whatever has such a name."""

import json
import sys

import pytest
import pythons


def put(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def says(*told):
    return f"echo '{json.dumps(told)}'"


def test_the_newest_that_answers_is_found(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    put(one, "python3.9", says([3, 9], True, "cpython", "/old"))
    put(one, "python3.12", says([3, 12], True, "cpython", "/twelve"))
    put(one, "python3.13", "echo 'pyenv: not chosen' >&2; exit 127")
    put(one, "python3.13-config", says([3, 13], True, "cpython", "/config"))
    put(one, "python3.14", "echo words")
    put(other, "python3.13", says([3, 13], True, "cpython", "/thirteen"))
    put(other, "python3.15", says([3, 15], False, "cpython", "/tomorrow"))
    put(other, "python3.16", says([3, 16], True, "pypy", "/pypy"))
    where = [tmp_path / "nowhere", one, other, one]
    found = pythons.newest(where, (3, 11))
    assert found.version == (3, 13)
    assert str(found.program) == "/thirteen"
    assert pythons.newest(where, (3, 13)) is None
    assert pythons.newest([one], (3, 11)).version == (3, 12)
    assert pythons.newest([], (3, 11)) is None


def test_one_is_found_by_its_name_where_it_answers(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    put(one, "python3.13", "exit 127")
    put(other, "python3.13", says([3, 13], True, "cpython", "/thirteen"))
    assert str(pythons.named("python3.13", [one, other])) == "/thirteen"
    assert str(pythons.named(str(other / "python3.13"), [])) == "/thirteen"
    with pytest.raises(SystemExit):
        pythons.named("python3.12", [one, other])


def test_this_one_says_what_it_is():
    found = pythons.asked(sys.executable)
    assert found.version == sys.version_info[:2]
    assert found.program.samefile(sys.executable)


def test_pyenv_and_the_path_are_looked_through(tmp_path, monkeypatch):
    there = tmp_path / "versions" / "3.13.0" / "bin"
    there.mkdir(parents=True)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", "/one:/two")
    assert list(map(str, pythons.folders())) == ["/one", "/two", str(there)]
