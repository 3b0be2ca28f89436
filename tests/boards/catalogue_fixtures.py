"""Hardware of the tests' own, beside what there is."""

import shutil

import pytest

from mesh.boards.catalogue import devices, hardware


def forget():
    hardware.boards.cache_clear()
    devices.devices.cache_clear()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A copy of hardware/ to change; read anew."""
    folder = tmp_path / "hardware"
    shutil.copytree(hardware.root(), folder)
    monkeypatch.setattr(hardware, "root", lambda: folder)
    forget()
    yield folder
    forget()
