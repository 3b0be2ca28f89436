"""Files of joined modules besides those that every board loads."""

# further files: modules that only some boards load, or that are unloaded again, by what is loaded
GROUPS = {
    "mesh.once": ("mesh.device.config",),
    "mesh.following": (
        "mesh.core.neighbours",
        "mesh.core.replicator",
        "mesh.core.catch_up",
        "mesh.core.backfill",
        "mesh.core.round_robin",
        "mesh.core.sampling",
        "mesh.core.crowding",
    ),
    "mesh.found": ("mesh.core.mdns", "mesh.core.wellknown"),  # together they take one block
    # by itself, as it is loaded before limits are fitted to the heap
    "mesh.ruling": ("mesh.core.rules",),
    "mesh.sometimes": ("mesh.core.senml_reading", "mesh.core.accepting"),
    "mesh.relating": ("mesh.device.remembering", "mesh.device.pacing"),
    # only where settings say to what their holder consents: 18 KB of heap
    "mesh.agreeing": ("mesh.core.granted", "mesh.core.consent_rows"),
    "mesh.updating": ("mesh.device.updates", "mesh.device.install", "mesh.device.resetting"),
    # seldom needed too; there it would take a block more
    "mesh.setting_up": ("mesh.device.access_point", "mesh.core.misfit"),
    "mesh.seldom": (  # each by itself would take a block of flash
        "mesh.core.fork_proof",
        "mesh.core.givens",
        "mesh.core.resume",
        "mesh.device.wifi_reasons",
    ),
}
# modules that are values in a table, as those of sensors are
VALUES = ("mesh.core.actuated", "mesh.core.asleep", "mesh.core.reading")
