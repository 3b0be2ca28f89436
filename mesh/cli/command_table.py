"""The table of commands with one line of help each; listing them loads none."""

from collections.abc import Mapping

# Each is a module of that name in commands/ ("board list": board_list) with command() and EXAMPLE;
# UNKNOWN_OPTIONS makes -5 a value. The line is the first clause of the docstring of command().
COMMANDS: Mapping[str, str] = {
    "up": "Run a peer here, until Ctrl-C",
    "demo": "Watch a small mesh on this computer",
    "id": "Print the id, short id and name of our own peer",
    "peers": "List the known peers",
    "show": "Show details of one or many peers",
    "read": "Read the latest readings",
    "watch": "Show readings as they arrive",
    "set": "Ask one or many peers to set an actuator",
    "ask": "Ask an object to agree that we set one of its actuators for a while",
    "name": "Set our own name for a peer",
    "forget": "Forget a peer",
    "update": "Offer boards new firmware, and show what each does with it",
    "settings": "Show or change the settings of boards over the mesh",
    "get": "Read a CoAP resource of a peer or any other server",
    "promise": "Promise something of our own, or end a promise",
    "promises": "Show what peers promise, and whether they keep it",
    "circle": "List circles, found one, ask somebody in, join, or leave",
    "agreement": "List agreements, propose one, or say yes or no to one",
    "trial": "List trials, propose one, say yes or no, or leave one",
    "log": "Show the feed entries of one or many peers, the newest last",
    "history": "Show past readings of one or many sensors",
    "export": "Export readings or signed runs to a file",
    "import": "Import signed runs from files into the store",
    "verify": "Verify the whole store",
    "store": "Show what the store holds",
    "doctor": "Find what is wrong with this computer's set-up, and what to do",
    "docs": "Read the documentation offline",
    "flash": "Flash a board and let it join the mesh",
    "board virtual": "Run a board without hardware",
    "board list": "List boards on USB",
    "board monitor": "Show a board's console, until Ctrl-C",
    "board settings": "Show or change a board's settings over its cable",
    "board wifi": "Give a board another Wi-Fi network without a cable, in its access point",
    "board backup": "Copy a board's identity, counters, settings and feed into an encrypted file",
    "board restore": "Restore a board's identity and settings from a backup",
    "board renew": "Give a board a new identity",
    "board erase": "Remove othermesh's files from a board",
    "firmware build": "Build the firmware of boards",
    "firmware check": "Check the hash of every file that was built for a board",
    "hardware list": "List the known boards, sensors and actuators",
    "hardware show": "Show all that is known of one board, sensor or actuator",
    "hardware check": "Check a set-up for errors, before anything is wired",
    "hardware wiring": "Draw the wiring of a set-up, with the parts that it takes",
    "hardware power": "Compute the current of a set-up, and how many days a battery lasts",
    "conform": "Check whether a peer keeps to the protocol",
    "simulate": "Simulate whole meshes in virtual time",
}
MODULES: Mapping[str, str] = {
    "import": "import_runs",
    "settings": "peer_settings",
    "trial": "try_out",
}  # commands whose module has another name
GROUPS: Mapping[str, str] = {  # first words of two-word commands
    "board": "Boards on a cable: find, inspect, back up, restore.",
    "firmware": "Build and check the firmware of boards.",
    "hardware": "Boards, sensors and actuators: pins, wiring, and how long a battery lasts.",
}
