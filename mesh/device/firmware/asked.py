"""Common to updates of firmware and of settings: errors and interfaces."""

from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from mesh.core.node import Node
    from mesh.core.policy.settings import Profile
    from mesh.device.console import Console

    class Boot(Protocol):
        """Interface of the boot selector: see mesh.device.start.Boot."""

        @property
        def update(self) -> dict[str, Any]:
            """The result of the last update, or {}."""
            ...

        slot: str

        @property
        def on_trial(self) -> bool:
            """Whether this firmware still has to prove itself."""
            ...

        def stage(self, slot: str, update: dict[str, Any], wait_s: int) -> None:
            """Have the firmware in a folder run from the next start on, on trial."""
            ...

        def free_slot(self) -> str:
            """The folder that an update may use."""
            ...

        def restart(self) -> None:
            """Restart. It never returns."""
            ...

        def unset(self) -> None:
            """Record that the settings are invalid."""
            ...

    class Looking(Protocol):
        """Interface of mesh.device.firmware.updates.Updates."""

        node: Node
        console: Console
        boot: Boot
        firmware_of: list[bytes]
        settings_of: list[bytes]
        rights: list[tuple[str, object]]
        secret: list[str]
        leave: Callable[[], None]
        read: Callable[[bool, str], tuple[Profile, dict[str, Any], Any]]

        def rights_of(self, profile: Profile) -> list[tuple[str, object]]:
            """The sections that settings over the mesh must leave unchanged."""
            ...

        def show(self, state: dict[str, Any]) -> None:
            """Show the state of offered settings."""
            ...

        async def ask(self, peer: bytes, wish: object) -> object:
            """Request /updates of a peer. NoAnswer, RemoteError."""
            ...


class NoAnswer(RemoteError):
    """No peer answers now. What was fetched is kept, and the update continues later."""
