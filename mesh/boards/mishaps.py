"""Failures between a desktop and a board on its cable: what happened, what is safe, what to do."""

from typing import NamedTuple

from mesh.hub import extras
from mesh.hub.failure import FAILED, NOBODY, SETUP, USAGE, Failure

NOTHING_WRITTEN = "nothing was written to the board"
AS_IT_WAS = "the board is as it was; its key, counters and settings are untouched"
SAME_AGAIN = "the key and the counters are untouched; files written so far are kept and checked"


class Mishap(Failure):
    """A failure of the table; `name` is its key there."""

    def __init__(self, name: str, kind: "Kind", words: dict[str, object]) -> None:
        help = f"safe: {kind.safe}\nnext: {kind.todo.format_map(words)}"
        super().__init__(kind.what.format_map(words), help, kind.code)
        self.name = name

    def held_by(self, holder: str) -> "Mishap":
        """This failure, with the process that holds the port, if known."""
        self.detail += f": {holder}" if holder else ""
        return self


class Kind(NamedTuple):
    """A kind of failure: `what` happened and why, what is `safe`, what to do. {words} are
    replaced.
    """

    what: str
    safe: str
    todo: str
    code: int = FAILED


MISHAPS = {
    "no-board": Kind(
        "no board was found on USB",
        NOTHING_WRITTEN,
        "use a cable that carries data, not only power; a new Pico: hold BOOTSEL while plugging "
        "it in; `mesh board list` shows what is seen; without hardware: mesh board virtual FOLDER",
        NOBODY,
    ),
    "several-boards": Kind(
        "several boards were found: {found}",
        NOTHING_WRITTEN,
        "name the one that is meant: mesh flash {first}",
        USAGE,
    ),
    "no-such-port": Kind(
        "{port} is not there: no such serial port",
        NOTHING_WRITTEN,
        "plug the board in; `mesh board list` shows the ports that are there",
        NOBODY,
    ),
    "port-busy": Kind(
        "{port} is in use by another program",
        NOTHING_WRITTEN,
        "close what has it open (a serial monitor, an editor, another mesh command); on Linux "
        "`fuser {port}` names the process",
        SETUP,
    ),
    "no-permission": Kind(
        "this user may not open {port}",
        NOTHING_WRITTEN,
        "on Linux, once: sudo usermod -a -G dialout $USER, then log out and in",
        SETUP,
    ),
    "no-prompt": Kind(
        "{port} does not answer with a prompt of MicroPython, asked {tries} times",
        AS_IT_WAS,
        "unplug the board and plug it in again, then repeat the command; if there is no "
        "MicroPython on it, give the file of one with --image",
    ),
    "cable-pulled": Kind(
        "the board on {port} has gone: cable pulled, power lost, or started anew",
        SAME_AGAIN,
        "plug it in and repeat the same command: it goes on where this one ended",
    ),
    "board-silent": Kind(
        "the board on {port} stopped answering in the middle of: {step}",
        SAME_AGAIN,
        "unplug it, plug it in and repeat the same command",
    ),
    "board-error": Kind(
        "the board could not do this: {step}. It said: {said}",
        SAME_AGAIN,
        "repeat the same command; if it fails at the same place, report what it said",
    ),
    "old-micropython": Kind(
        "this board has MicroPython {found}; {needed} or newer is needed",
        AS_IT_WAS,
        "download {pattern} from {page} and give it with --image FILE; make a copy first: "
        "`mesh board backup`",
        SETUP,
    ),
    "no-micropython": Kind(
        "there is no MicroPython on this {board} yet",
        NOTHING_WRITTEN,
        "download {pattern} (the newest) from {page} and give it with --image FILE",
        SETUP,
    ),
    "which-board": Kind(
        "it is not clear which board this is: it tells {told}",
        NOTHING_WRITTEN,
        "say it with --board, one of: {known}",
        USAGE,
    ),
    "other-board": Kind(
        "--board says {board}, but the board tells {told}",
        NOTHING_WRITTEN,
        "leave --board out, or name the right one, one of: {known}",
        USAGE,
    ),
    "no-image-file": Kind(
        "{file} cannot be read: {reason}",
        NOTHING_WRITTEN,
        "the file is named like {pattern}; it is on {page}",
        USAGE,
    ),
    "not-an-image": Kind(
        "{file} is no image of MicroPython for a {board}: {reason}",
        NOTHING_WRITTEN,
        "download {pattern} from {page}; a saved web page, a .zip or half a download will not do",
        USAGE,
    ),
    "truncated-image": Kind(
        "{file} is not whole: {reason}",
        NOTHING_WRITTEN,
        "download it again: {pattern} from {page}",
        USAGE,
    ),
    "wrong-chip": Kind(
        "{file} is for {found}; this board has {wanted}",
        NOTHING_WRITTEN,
        "download {pattern} from {page}; if the board is another one, say so with --board",
        USAGE,
    ),
    "other-chip": Kind(
        "the chip on {port} is {found}; a {board} has {wanted}",
        NOTHING_WRITTEN,
        "say with --board which board this is",
        USAGE,
    ),
    "image-over-files": Kind(
        "{file} would be written over the board's own files: {reason}",
        AS_IT_WAS,
        "make a copy first (`mesh board backup`), then repeat with --new-identity; or take an "
        "image that has the place of its files where the board has it",
        USAGE,
    ),
    "no-image-needed": Kind(
        "a {board} runs no image of MicroPython that could be written",
        NOTHING_WRITTEN,
        "leave --image out",
        USAGE,
    ),
    "drive-not-found": Kind(
        "no drive {label} was found within {seconds} s",
        AS_IT_WAS,
        "hold BOOTSEL while plugging the board in; if the system does not mount the drive by "
        "itself, mount it; then repeat the command",
        NOBODY,
    ),
    "drive-failed": Kind(
        "{file} could not be copied to {drive}: {reason}",
        "the board's own files are not on this drive and are untouched; a half-written "
        "MicroPython does not start, and the drive comes back",
        "hold BOOTSEL while plugging the board in, and repeat the same command",
    ),
    "drive-stays": Kind(
        "{drive} is still there {seconds} s after the image was copied: the board did not take it",
        "the board's own files are not on this drive and are untouched",
        "unplug the board, hold BOOTSEL while plugging it in, and repeat the same command",
    ),
    "chip-silent": Kind(
        "the chip on {port} does not answer esptool: {said}",
        NOTHING_WRITTEN,
        "hold the button BOOT (or IO0), press RESET (or EN) once, let go, and repeat the command",
    ),
    "esptool-failed": Kind(
        "esptool could not write MicroPython: {said}",
        "the board's own files have a place of their own in the flash and are untouched",
        "repeat the same command; if it fails again, try another cable or USB port",
    ),
    "esptool-missing": Kind(
        "esptool is not installed, and it writes MicroPython on this board",
        NOTHING_WRITTEN,
        extras.BOARDS,
        SETUP,
    ),
    "mpremote-missing": Kind(
        "mpremote is not installed, and it talks to boards",
        NOTHING_WRITTEN,
        extras.BOARDS,
        SETUP,
    ),
    "no-space": Kind(
        "the board has {free} bytes free, and {needed} are needed for {what}",
        "it was looked at before anything was written; " + AS_IT_WAS,
        "delete files of your own on it (mpremote fs rm), or make a copy and empty it: "
        "`mesh board backup`, then `mesh board erase`",
    ),
    "flash-full": Kind(
        "the board's file system is full at {path}",
        SAME_AGAIN,
        "delete files of your own on it (mpremote fs rm), and repeat the same command",
    ),
    "hash-wrong": Kind(
        "{path} is not on the board as it was sent, twice",
        SAME_AGAIN + "; what did not arrive whole was not put in place",
        "repeat the same command; if it happens again: another cable, another USB port; at last "
        "the board's flash may be worn out",
    ),
    "firmware-damaged": Kind(
        "the firmware in {folder} is not what its list says: {reason}",
        NOTHING_WRITTEN,
        "build it again: mesh firmware build --board {board}",
        SETUP,
    ),
    "firmware-other-board": Kind(
        "the firmware in {folder} is for {found}, and this is a {board}",
        NOTHING_WRITTEN,
        "build it: mesh firmware build --board {board}; or leave --firmware out",
        USAGE,
    ),
    "settings-wrong": Kind(
        "these settings are not right: {reason}",
        NOTHING_WRITTEN,
        "{help}",
        USAGE,
    ),
    "settings-missing": Kind(
        "there is nobody at this terminal to ask, and {what} is not given",
        NOTHING_WRITTEN,
        "give {option}, or --yes to do without",
        USAGE,
    ),
    "wifi-missing": Kind(
        "a {board} has no network but Wi-Fi, and no network is given",
        NOTHING_WRITTEN,
        "give --wifi NAME, or a file with --settings; --yes flashes it without",
        USAGE,
    ),
    "is-a-peer": Kind(
        "this board is a peer of its own already, so it cannot take the place of {name}",
        AS_IT_WAS,
        "take a fresh board; or repeat with --new-identity: it is no longer that peer, for good",
    ),
    "identity-gone": Kind(
        "the board had a key before MicroPython was written, and has none now: its files are gone",
        "no new key was made",
        "restore a copy with `mesh board restore`; or, to make it another peer for good, repeat "
        "with --new-identity and without --image",
    ),
    "identity-damaged": Kind(
        "the board's key cannot be used: {said}",
        "nothing of it was changed, and no new key was made",
        "restore a copy with `mesh board restore`; or, to make it another peer for good, repeat "
        "with --new-identity",
    ),
    "not-started": Kind(
        "the firmware is on the board, but it does not start: {said}",
        "the key, the counters and all files are whole",
        "put right what it tells (`mesh board settings`), or repeat the same command; "
        "`mesh board monitor` shows its console",
    ),
    "no-wifi": Kind(
        "the board runs, but did not join a network within {seconds} s",
        "the firmware, the key and the settings are on the board",
        "look at the name of the network and its password: repeat with --wifi NAME; boards know "
        "2.4 GHz only; `mesh board monitor` shows its console",
    ),
    "not-reached": Kind(
        "the board has joined at {address}, but this computer did not reach it: {reason}",
        "the board is complete, and runs",
        "are both in the same network? `mesh doctor` looks at this computer, `mesh peers` shows "
        "who is found",
    ),
    "thing-failing": Kind(
        "{name} is a member of the mesh, but not all of it works: {failing}",
        "the firmware, the key and the settings are on the board; it runs, and what works goes on",
        "look at its wires with the power off (`mesh hardware wiring`): a sensor is tried again "
        "by itself, `mesh show {name}` tells what came of it; other pins: `mesh board settings`",
    ),
}


def mishap(name: str, /, **words: object) -> Mishap:
    """The failure with that name in the table, with its words filled in."""
    return Mishap(name, MISHAPS[name], words)
