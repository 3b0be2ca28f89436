"""Messages for errors of the operating system: which file, why, and what to do."""

import errno
import os

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
MISSING = (errno.ENOENT, errno.ENOTDIR)


def told(error: OSError) -> tuple[str, str]:
    """What happened, and what to try."""
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if name]
    why = error.strerror or str(error)
    detail = f"{' and '.join(names)}: {why}" if names else why
    if error.errno in FULL:
        help = "make room there, then the same command again; files are replaced as a whole"
    elif error.errno in DENIED and names:
        help = f"this user may not do that; whose is it: ls -ld {names[0]}"
    elif "temporary" in why:  # tempfile found no writable folder
        help = "is the disk full? $TMPDIR names another folder"
    elif error.errno in MISSING and names:
        help = "is the path right?"
    else:
        help = "`mesh doctor` looks at this computer"
    return detail, help
