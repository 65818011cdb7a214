"""Where the files that come with cards are kept: a folder, or nowhere."""

import os
import re
from pathlib import Path

from adapters.card import File

_HIGHEST = 1000


class Shelf:
    """Keeps each file once, readable by its owner alone, never over another one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def keep(self, file: File) -> str:
        """Keep the file and say where; where that fails, say so: the message itself must not be lost."""
        if self._folder is None:
            return "not kept on disk"
        try:
            return f"saved to {self._keep(self._folder, file)}"
        except OSError as error:
            return f"could not be saved: {error.strerror or 'the folder does not take it'}"

    def _keep(self, folder: Path, file: File) -> Path:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = Path(_safe(file.name))
        for count in range(1, _HIGHEST):
            path = folder / (name.name if count == 1 else f"{name.stem}-{count}{name.suffix}")
            try:
                # O_EXCL: neither another file nor a link that someone laid there is written through.
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                if not path.is_symlink() and path.is_file() and path.read_bytes() == file.content:
                    return path
                continue
            with os.fdopen(descriptor, "wb") as out:
                out.write(file.content)
            return path
        raise OSError(0, "too many files of that name")


def _safe(name: str) -> str:
    """The name without folders, leading dots or anything a shell or terminal would stumble over."""
    return re.sub(r"[^\w.-]+", "-", name.replace("\\", "/").rsplit("/", 1)[-1])[-100:].lstrip(".-") or "file"
