"""File transfer to and from a board by cable, verified by SHA-256 on the board."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence

from mesh.boards.cable.prompt import STEP_S, Prompt
from mesh.boards.mishaps import Mishap, mishap

CHUNK = 512  # bytes of a file in one message
DRAFT = ".new"
Progress = Callable[[str, int, int], None]  # (path, bytes done, bytes in all)

WALK = """
import os
def _w(p):
 for e in os.ilistdir(p or '/'):
  q=p+'/'+e[0]
  if q in {skip!r}:continue
  if e[1]&0x4000:_w(q)
  else:print(repr((q,os.stat(q)[6])))
_w({top!r})
"""
HASHES = """
import hashlib
_b=bytearray(512)
_m=memoryview(_b)
for _p in {paths!r}:
 try:
  _f=open(_p,'rb')
 except OSError:
  continue
 _h=hashlib.sha256()
 while 1:
  _n=_f.readinto(_b)
  if not _n:break
  _h.update(_m[:_n])
 _f.close()
 print(repr((_p,_h.digest())))
"""


class Cable(Prompt):
    """The files of the board on a serial port. A context manager; see Prompt."""

    def files(self, top: str = "", skip: Sequence[str] = ("/rom",)) -> dict[str, int]:
        """All files below a folder, as {path: bytes}."""
        told = self.exec(WALK.format(skip=tuple(skip), top=top.rstrip("/")), "listing its files")
        return dict(self.literal(line, "listing its files") for line in told.splitlines())

    def hashes(self, paths: Sequence[str]) -> dict[str, bytes]:
        """The SHA-256 of those of these files that exist."""
        code = HASHES.format(paths=tuple(paths))
        told = self.exec(code, "reading its files over", 6 * STEP_S)
        return dict(self.literal(line, "reading its files over") for line in told.splitlines())

    def free(self) -> tuple[int, int]:
        """Free bytes of its file system, and bytes of a block."""
        self.exec("import os")
        told = self.eval("os.statvfs('/')", "asking for free space")
        return told[1] * told[4], told[0]

    def get(self, path: str) -> bytes | None:
        """Read a whole file, verified by its SHA-256; None if there is none."""
        wanted = self.hashes([path]).get(path)
        if wanted is None:
            return None
        step = f"reading {path}"
        data = bytes(self.do(step, lambda t: t.fs_readfile(path, chunk_size=CHUNK)))
        if hashlib.sha256(data).digest() != wanted:
            raise mishap("board-silent", port=self.port, step=step)
        return data

    def put(self, path: str, data: bytes, progress: Progress | None = None) -> None:
        """Write a whole file: it is renamed into place when its SHA-256 on the board is right."""
        self.make_folder(path.rpartition("/")[0])
        step, draft = f"writing {path}", path + DRAFT
        wanted = hashlib.sha256(data).digest()

        def tell(done: int, whole: int) -> None:
            if progress is not None:
                progress(path, done, whole)

        try:
            for _ in range(2):
                self.do(step, lambda t: t.fs_writefile(draft, data, CHUNK, tell), path)
                if self.hashes([draft]).get(draft) == wanted:
                    self.rename(draft, path)
                    return
        except Mishap as error:
            if error.name == "flash-full":
                with contextlib.suppress(Mishap):  # the board needs the space for its own files
                    self.remove(draft)
            raise
        self.remove(draft)
        raise mishap("hash-wrong", path=path)

    def put_all(self, files: Mapping[str, bytes], progress: Progress | None = None) -> list[str]:
        """Write files, except those that are there already, by SHA-256. Gives those written."""
        there = self.hashes(sorted(files))
        written = []
        for path, data in files.items():
            if there.get(path) == hashlib.sha256(data).digest():
                if progress is not None:
                    progress(path, len(data), len(data))
                continue
            self.put(path, data, progress)
            written.append(path)
        return written

    def make_folder(self, path: str) -> None:
        """Create a folder, and missing ones above it."""
        parts = [part for part in path.split("/") if part]
        tops = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        slash = "/" if path.startswith("/") else ""
        if tops:
            self.exec(
                f"import os\nfor _p in {[slash + top for top in tops]!r}:\n try:\n  os.mkdir(_p)\n"
                " except OSError as _e:\n  if _e.errno!=17:raise",
                f"making the folder {path}",
            )

    def rename(self, old: str, new: str) -> None:
        """Rename a file, replacing one with the new name."""
        self.exec(f"import os\nos.rename({old!r},{new!r})", f"renaming {old}")

    def remove(self, path: str) -> bool:
        """Remove a file or an empty folder. Whether it existed."""
        code = (
            f"import os\ntry:\n os.stat({path!r})\n _r=1\nexcept OSError:\n _r=0\n"
            f"if _r:\n try:\n  os.remove({path!r})\n except OSError:\n  os.rmdir({path!r})\n"
            "print(_r)"
        )
        return self.exec(code, f"removing {path}").strip() == "1"
