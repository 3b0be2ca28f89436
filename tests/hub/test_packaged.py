"""What lies beside the package: pages, examples and templates, and nothing that is not ours."""

import json
import os
import pty
import subprocess

from commands import MESH, call
from needs import ROOT

from mesh.boards.firmware import build as firmware
from mesh.cli.app import run
from mesh.hub import packaged


def test_what_pip_and_editors_leave_is_no_template(tmp_path, monkeypatch):
    templates = tmp_path / "firmware" / "unix"
    made = templates / "__pycache__"
    made.mkdir(parents=True)
    (made / "manifest.cpython-311.pyc").write_bytes(b"\xa7\r\r\n")
    (templates / ".manifest.py.swp").write_bytes(b"\xf3\xff")
    (templates / "manifest.py").write_text('freeze("files")\n')
    own = packaged.folder
    monkeypatch.setattr(
        packaged, "folder", lambda name: tmp_path / name if name == "firmware" else own(name)
    )
    made = firmware.build("unix", tmp_path / "dist")
    found = {path.name for path in made.folder.rglob("*")}
    assert "manifest.py" in found
    assert not {name for name in found if name.endswith((".pyc", ".swp"))}


def test_what_is_installed_has_its_own_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(packaged, "PACKAGE", tmp_path / "mesh")
    (tmp_path / "docs").mkdir()
    assert packaged.folder("docs") == tmp_path / "docs"
    (tmp_path / "mesh" / "docs").mkdir(parents=True)
    assert packaged.folder("docs") == tmp_path / "mesh" / "docs"


def test_an_example_is_there_without_a_checkout(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greenhouse").mkdir()  # of a virtual board, as like as not
    assert run(["hardware", "check", "--board", "esp32", "greenhouse", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["path"] == "sensors.soil.pin"
    (tmp_path / "greenhouse").rmdir()
    (tmp_path / "greenhouse").write_text("{}")
    assert packaged.settings(packaged.Path("greenhouse")).read_text() == "{}"


def test_every_page_is_listed_and_shown(capsys):
    assert run(["docs", "--json"]) == 0
    (rows,) = [json.loads(capsys.readouterr().out)]
    rows = rows[0] if isinstance(rows[0], list) else rows
    pages = {row["page"] for row in rows}
    assert pages == {"README", *(path.stem for path in (ROOT / "docs").glob("*.md"))}
    for page in pages:
        assert run(["docs", page]) == 0
        assert capsys.readouterr().out.startswith("# ")


def test_a_slip_in_a_page_is_answered_by_the_near_one():
    assert call("docs", "README").view == "docs_page"
    found = subprocess.run(
        [*MESH, "docs", "frist-board"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 2
    assert "did you mean first-board?" in found.stderr


def test_on_a_screen_pages_lead_to_pages():
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen([*MESH, "docs", "first-board"], stdout=theirs, env=environment) as one:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert one.wait() == 0
    os.close(ours)
    assert b"mesh docs hardware-status" in shown
    assert b"](" not in shown
