"""Files that people write for a desktop: whatever is in them, what is wrong is told, and where."""

import json
import os

import pytest
from commands import make_home
from hypothesis import given
from hypothesis import strategies as st

from mesh.boards.flash import new_settings
from mesh.cli import app as cli
from mesh.cli import setups
from mesh.cli.commands import board_settings
from mesh.core.errors import LocalError, MeshError
from mesh.core.policy.settings import Profile
from mesh.hub.failure import OK, SETUP, USAGE, Failure
from mesh.hub.home import petnames, settings_file, text

TOML = """
name = "Küche"
port = 5683
follow = "*"
[names]
attic = "%s"
[sensors.t]
kind = "cpu"
every_s = 1e1
[[rules]]
when = "self/t"
above = 3
set = "x"
to = true
""" % ("a" * 52)
BOARD = {
    "name": "hall", "wifi": [{"ssid": "house", "password": "correct horse"}],
    "sensors": {"t": {"kind": "heap", "every_s": 5.5}}, "limits": {"peers": 8},
}  # fmt: skip
HARD = [
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xfc", b"\x00", b"\x1b", b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\\ud83d", b"\\ude00", b"\\u0000", b"\\U0001f600", b"nan", b"inf", b"NaN", b"-Infinity",
    b"1e999",
    b"9" * 5000, b"0x" + b"f" * 6000, b"[" * 3000, b"{" * 3000, b'{"a":' * 3000, b"a.b." * 3000,
    b'"', b"'''", b"\r", b"=", b"]", b",", b"\n",
]  # fmt: skip


@st.composite
def mutated(draw, good):
    """Bytes of a good file, with some of them cut out, doubled, or replaced by what is hard."""
    data = good
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 20)))
        put = draw(
            st.one_of(st.sampled_from(HARD), st.binary(max_size=8), st.just(data[at:to] * 2))
        )
        data = data[:at] + put + data[to:]
    return data


@given(mutated(TOML.encode()))
def test_settings_of_a_desktop_are_read_or_refused(data):
    try:
        profile = settings_file.check(text.decode(data, "settings.toml"), "settings.toml")
    except LocalError as error:
        told = error.detail
        told.encode()
        assert told.startswith("settings.toml")
    else:
        assert isinstance(profile, Profile)
        profile.name.encode()
        assert all(char >= " " for char in profile.name)


@given(mutated(json.dumps(BOARD).encode()))
def test_settings_of_a_board_are_read_or_refused(data):
    try:
        found = text.json_table(text.decode(data, "hall.json"), "hall.json")
    except LocalError as error:
        told = error.detail
        told.encode()
        assert told.startswith("hall.json")
    else:
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


FILES = {
    "Latin-1": ('name = "Küche"'.encode("latin-1"), "line 1, column 10: byte 0xfc is not UTF-8"),
    "UTF-16": ('name = "x"'.encode("utf-16"), "UTF-16"),
    "NUL": (b'name = "a\x00b"', "line 1, column 10: a control character (0x00)"),
    "escaped NUL": (b'name = "a\\u0000b"', "name: a control character"),
    "surrogate": (b'name = "\\ud83d\\ude00"', "not a Unicode scalar value"),
    "twice": (b'name = "a"\nname = "b"', "Cannot overwrite a value"),
    "no number": (b"[[rules]]\nto = nan", "a number that is none"),
    "infinite": (b"[[rules]]\nequals = inf", "a number that is none"),
    "huge": (b"port = 0x" + b"f" * 6000, "port: a whole number beyond 2^53"),
    "many digits": (b"port = " + b"9" * 6000, "4300"),
    "deep": (b"follow = " + b"[" * 3000, "inside each other"),
    "deep, and whole": (b"follow = " + b"[" * 40 + b"]" * 40, "inside each other"),
    "large": (b"#" * (1 << 20) + b"\n", "more than 1048576 bytes"),
}


@pytest.mark.parametrize("what", FILES)
def test_what_is_wrong_with_settings_is_told_by_the_command(tmp_path, capsys, what):
    home = make_home(tmp_path / "study")
    data, wanted = FILES[what]
    home.settings_file.write_bytes(data)
    assert cli.run(["id", "--home", str(home.path)]) == SETUP
    told = capsys.readouterr().err
    assert "settings.toml" in told
    assert wanted in " ".join(told.split())


def test_a_mark_is_read_as_none(tmp_path):
    home = make_home(tmp_path / "study")
    home.settings_file.write_bytes(b"\xef\xbb\xbfname = 'K\xc3\xbcche'\r\n")
    assert home.profile().name == "Küche"
    home.settings_file.write_bytes(b"")
    assert home.profile().name == ""


def test_a_folder_or_a_file_of_somebody_else_is_told(tmp_path, monkeypatch):
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(LocalError, match="is a folder, not a file"):
        settings_file.load(tmp_path / "settings.toml")

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    monkeypatch.setattr("pathlib.Path.open", forbidden)
    with pytest.raises(LocalError, match=r"cannot read .*: Permission denied"):
        settings_file.load(tmp_path / "x.toml")


BAD = {
    "Latin-1": '{"name": "Küche"}'.encode("latin-1"),
    "UTF-16": b"\xff\xfe{\x00}\x00",
    "empty": b"",
    "a list": b"[]",
    "twice": b'{"port": 1, "port": 2}',
    "NaN": b'{"port": NaN}',
    "1e999": b'{"port": 1e999}',
    "huge": b'{"port": ' + b"9" * 5000 + b"}",
    "lone surrogate": b'{"name": "\\ud83d"}',
    "NUL": b'{"name": "\\u0000"}',
    "deep": b'{"keep": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("what", BAD)
def test_a_boards_settings_out_of_a_file(tmp_path, what):
    """`mesh flash --settings`, `mesh board settings --set` and `mesh hardware check` agree."""
    path = tmp_path / "hall.json"
    path.write_bytes(BAD[what])
    for read in (new_settings.read_file, board_settings._read, setups.load):
        with pytest.raises(MeshError, match=r"hall\.json") as caught:
            read(path)
        assert caught.value.help
        caught.value.detail.encode()


def test_what_a_board_has_is_told_as_well():
    class Cable:
        def __init__(self, data):
            self.data = data

        def get(self, _):
            return self.data

    from mesh.boards.cable import board_files  # noqa: PLC0415 - only here

    for data in BAD.values():
        if data:
            with pytest.raises(Failure, match=r"the board's settings\.json"):
                board_files.read_settings(Cable(data))
    assert board_files.read_settings(Cable(None)) == {}
    emoji = json.dumps({"name": "\U0001f600"}).encode()
    assert board_files.read_settings(Cable(emoji)) == {"name": "\U0001f600"}


def test_names_of_our_own_are_not_written_into_a_file_that_is_no_text(tmp_path):
    home = make_home(tmp_path / "study")
    for data in (b"name = '\xfc'", b"a = " + b"[" * 3000):
        home.settings_file.write_bytes(data)
        with pytest.raises(LocalError, match=r"settings\.toml"):
            petnames.add(home, "attic", "a" * 52)
        assert home.settings_file.read_bytes() == data


def test_a_passphrase_out_of_a_file(tmp_path):
    from mesh.cli.board_options import passphrase  # noqa: PLC0415 - only here

    path = tmp_path / "words"
    path.write_bytes("\ufeffcorrect hörse\r\nmore".encode())
    assert passphrase(path, new=False) == "correct hörse"
    for data in (b"corr\xfcct", b"\xff\xfea\x00"):
        path.write_bytes(data)
        with pytest.raises(Failure, match="words: ") as caught:
            passphrase(path, new=False)
        assert caught.value.exit_code == USAGE
    with pytest.raises(Failure, match="no file"):
        passphrase(tmp_path / "none", new=False)


def test_what_is_whole_is_still_taken(tmp_path):
    path = tmp_path / "hall.json"
    path.write_text(json.dumps(BOARD))
    assert new_settings.read_file(path) == board_settings._read(path) == setups.load(path)
    home = make_home(tmp_path / "study")
    assert cli.run(["id", "--home", str(home.path)]) == OK
