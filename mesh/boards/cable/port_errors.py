"""The failure for an error of a serial port: it is not there, may not be opened, or is in use."""

import errno

from mesh.boards.mishaps import Mishap, mishap

# the file is not there, or is no port
NO_PORT = (
    errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EISDIR, errno.ENOTDIR, errno.ENOTTY,
)  # fmt: skip


def of_port(port: str, error: OSError) -> Mishap:
    """The failure for an error of a serial port."""
    if error.errno in NO_PORT:
        return mishap("no-such-port", port=port)
    if error.errno in (errno.EACCES, errno.EPERM):
        return mishap("no-permission", port=port)
    if error.errno in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        return mishap("port-busy", port=port)
    return mishap("cable-pulled", port=port)
