"""A board that runs from the ROM image as built, with the heap of the smallest board."""

import shutil

from mesh.boards.catalogue import hardware
from mesh.boards.firmware.link import linked
from mesh.boards.virtual.process import VirtualBoard, configure

# What the same firmware takes with 64-bit words, of what it takes with 32-bit ones: 1.64 with
# builds of the unix port for both (docs/firmware.md). Objects are twice as large; texts, bytes and
# byte code are not.
WIDER = 1.6
NATIVE = ("micropython.viper", "micropython.native")
# What MicroPython does by itself on a board that has a place for ROM images: it mounts the image,
# and looks for modules in it too. There the image lies in flash; here it lies in the heap, which
# is larger by it. Nothing of the board's own but the image is on the path.
MOUNT = """\
import os, sys, vfs

image = bytearray(os.stat("romfs.img")[6])
with open("romfs.img", "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(memoryview(image)), "/rom")
sys.path[:] = ["/rom", ".frozen"]
exec(open("/rom/main.py").read())
"""


def machine_code(firmware):
    """Bytes of the files with machine code: it is copied out of a ROM image to be run."""
    native = [path for path, text in linked().texts.items() if has_native(text)]
    names = {path.with_suffix(".mpy").as_posix() for path in native}
    return sum(size for name, (size, _) in firmware.files.items() if name in names)


def has_native(text):
    """Whether a source has functions that become machine code."""
    return any(word in text for word in NATIVE)


def heap(firmware):
    """KiB of a 64-bit heap that hold as much as that of the smallest board."""

    def wider(board):
        kib = WIDER * board.memory.heap_kib
        # these keep machine code in memory of its own (esp_native_code_commit in ports/esp32)
        return kib + (machine_code(firmware) / 1024 if board.march == "xtensawin" else 0)

    return round(min(wider(one) for one in hardware.boards().values() if one.memory.flash_kib))


def rom_board(firmware, folder, wrap=(), **settings):
    """A board in a folder of its own with nothing in it but the image and its settings."""
    folder.mkdir()
    shutil.copy(firmware.romfs, folder / "romfs.img")
    (folder / "main.py").write_text(MOUNT)
    configure(folder, settings)
    image_kib = -(-firmware.romfs.stat().st_size // 1024)
    return VirtualBoard(folder, heap=f"{heap(firmware) + image_kib}k", wrap=wrap)
