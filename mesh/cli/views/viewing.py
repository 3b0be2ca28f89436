"""The table of views by kind of data. A command loads only the one that it shows."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

# module -> the names in its VIEWS; a view gives a rich renderable
MODULES: Mapping[str, tuple[str, ...]] = {
    "ask_view": ("asked",),
    "event_lines": ("watch", "up"),
    "data_view": ("readings", "show", "show_many", "set", "id", "renewed", "findings"),
    "board_view": (
        *("boards", "console", "virtual", "settings", "backup", "restore", "erased"),
        "board_renewed",
    ),
    "conform_view": ("conform",),
    "content_view": ("content",),
    "docs_view": ("docs", "docs_page"),
    "firmware_view": ("firmware",),
    "flash_view": ("flash",),
    "hardware_view": (
        *("hardware_list", "hardware_show", "hardware_check", "hardware_wiring"),
        "hardware_power",
    ),
    "key_view": ("keys", "key_done"),
    "many_view": ("readings_many", "history_many", "set_many", "log_many"),
    "named_view": ("named", "forgotten"),
    "peers_view": ("peers", "peers_chosen", "peers_problems"),
    "relations_view": ("promises", "stated", "circles", "agreements", "agreement", "trials"),
    "simulate_view": ("simulate", "simulate_report"),
    "runs_view": ("export_runs", "import"),
    "store_view": ("log", "history", "export", "store", "store_done", "verify"),
    "update_view": ("update", "reset"),
    "wifi_view": ("board_wifi",),
}
PACKAGE = __name__.rpartition(".")[0]


def view_of(name: str) -> Callable[[Any], Any]:
    """The view with that name. It gives None for what need not be shown. KeyError."""
    module = {one: module for module, names in MODULES.items() for one in names}[name]
    found: Callable[[Any], Any] = importlib.import_module(f"{PACKAGE}.{module}").VIEWS[name]
    return found
