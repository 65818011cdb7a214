"""A person's Hydrogen in a browser without a window, that takes pictures of rooms."""

import asyncio
import json
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from PIL import Image

HERE = Path(__file__).parent
ROOM = Path(sys.prefix) / "hydrogen"
"""Where the client is installed, once; it goes with the environment."""
FILES = ("package.json", "package-lock.json", "camera.mjs", "client.js", "index.html")
PATIENCE = 120.0
COLOURS = 128


class NotHere(Exception):
    """What the machine lacks for pictures."""


@dataclass(frozen=True, slots=True)
class View:
    """A screen, in the pixels of its pages."""

    width: int
    height: int


PHONE, DESK = View(390, 844), View(1100, 720)


def chromium() -> str:
    """The browser; installs the client beside it."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found:
        raise NotHere("There is no Chromium here; on Debian: apt-get install chromium")
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotHere("There is no Node here; on Debian: apt-get install nodejs npm")
    ROOM.mkdir(exist_ok=True)
    fresh = (HERE / "package-lock.json").read_bytes()
    lock = ROOM / "package-lock.json"
    stale = not lock.exists() or lock.read_bytes() != fresh
    for name in FILES:
        shutil.copy(HERE / name, ROOM / name)
    if stale or not (ROOM / "node_modules").exists():
        done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=ROOM, check=False)
        if done.returncode:
            lock.unlink()
            raise NotHere("npm cannot install hydrogen-view-sdk here")
    return found


class Camera:
    """Logged in as somebody, on a device of its own: it reads what is said from then on."""

    def __init__(self, browser: str) -> None:
        self._browser = browser
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        command = ("node", "camera.mjs", self._browser)
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOM)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def log_in(self, homeserver: str, user: str, password: str) -> None:
        await self._wish({"login": {"homeserver": homeserver, "user": user, "password": password}})

    async def take(self, file: Path, room: str, words: str, view: View, *, end: bool = False) -> None:
        """The room at the newest message with these words: its beginning, or its end, where it is longer than the view."""
        await self._wish({"picture": str(file), "room": room, "words": words, "end": end, **asdict(view)})
        with Image.open(file) as picture:
            small = picture.convert("RGB").quantize(COLOURS)
        small.save(file, optimize=True)

    async def _wish(self, wish: dict[str, Any]) -> None:
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            answer = json.loads(await self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
