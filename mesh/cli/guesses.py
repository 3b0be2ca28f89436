"""Suggestions for commands that do not exist, by words that people try."""

from collections.abc import Collection, Mapping, Sequence

from mesh.hub.failure import USAGE, Failure

WHO = "`mesh peers` lists who is there"
ONE = "`mesh show PEER` tells all of one peer, `mesh show` of this one"
SETTINGS = (
    "the settings of this peer are the file settings.toml in its home (`mesh id` tells where, "
    "`mesh doctor` checks it); `mesh settings PEER` shows and changes those of a board"
)
LOGS = (
    "`mesh log PEER` shows what a peer said, `mesh watch` what comes; `mesh board monitor` a "
    "board's console"
)
DOWN = "Ctrl-C ends `mesh up`, where it runs; nothing is lost"
BOARDS = "`mesh board list` shows boards on a cable; " + WHO
GUESSED: Mapping[str, str] = {
    "add": "`mesh flash` makes a peer of a board; others are found by themselves: " + WHO,
    "board-list": BOARDS,
    "boards": BOARDS,
    "config": SETTINGS,
    "configure": SETTINGS,
    "connect": "peers are found by themselves: " + WHO,
    "delete": "`mesh forget PEER` forgets a peer; `mesh board erase` empties a board",
    "device": ONE,
    "devices": WHO,
    "discover": WHO,
    "down": DOWN,
    "find": WHO,
    "help": "`mesh --help` lists all commands, `mesh COMMAND --help` tells of one",
    "info": ONE,
    "init": "`mesh up` makes what it needs, and runs a peer",
    "install": "`mesh flash` puts all that is needed on a board",
    "list": WHO,
    "logs": LOGS,
    "ls": WHO,
    "monitor": LOGS,
    "node": ONE,
    "nodes": WHO,
    "observe": "`mesh watch` shows readings as they come; `mesh get --observe` any CoAP address",
    "peer": ONE,
    "ping": "`mesh peers` tells who is up, and when each was heard last",
    "plot": "`mesh history PEER/SENSOR --plot` draws it",
    "put": "`mesh set PEER/ACTUATOR VALUE` asks for it",
    "remove": "`mesh forget PEER` forgets a peer; `mesh board erase` empties a board",
    "rename": "`mesh name PEER NEW` gives a peer another name here",
    "restart": DOWN,
    "rm": "`mesh forget PEER` forgets a peer; `mesh board erase` empties a board",
    "run": "`mesh up` runs a peer here",
    "scan": WHO,
    "search": WHO,
    "sensors": "`mesh read PEER` reads all sensors of a peer, `mesh watch` those of all",
    "serve": "`mesh up` runs a peer here",
    "start": "`mesh up` runs a peer here",
    "stat": "`mesh peers` tells who is up; " + ONE,
    "status": "`mesh peers` tells who is up; " + ONE + "; `mesh doctor` what is wrong here",
    "stop": DOWN,
    "tail": LOGS,
    "top": "`mesh peers --watch` keeps showing who is there",
    "version": "`mesh --version` tells it",
    "wifi": "`mesh board wifi` gives a board another Wi-Fi without a cable; `mesh flash --wifi` "
    "over it",
    "whoami": "`mesh id` tells who this peer is",
    "write": "`mesh set PEER/ACTUATOR VALUE` asks for it",
}


def lead(arguments: Sequence[str], commands: Collection[str]) -> None:
    """Failure with the right command if the first word is one of those."""
    first = arguments[0] if arguments else ""
    known = {command.partition(" ")[0] for command in commands}
    if first not in known and first in GUESSED:
        raise Failure(f"there is no command '{first}'", GUESSED[first], USAGE)
