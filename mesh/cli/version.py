"""The installed version of othermesh."""

import importlib.metadata

from mesh.cli.views import output


def tell() -> None:
    """Print it."""
    output.line(f"othermesh {importlib.metadata.version('othermesh')}")
