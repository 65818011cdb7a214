"""Take the pictures of ``docs/pictures``: ``python -m tests.matrix.pictures``, or ``make pictures``."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from bot.cli.sandbox import running_homeserver
from tests.matrix.house import House
from tests.matrix.pictures.camera import Camera, NotHere, chromium
from tests.matrix.pictures.story import tell
from tests.matrix.synapse import SECRET, SERVER
from tests.matrix.test_whole import Programme

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"


async def _take(browser: str, server: str, folder: Path, into: Path) -> None:
    async with House(server, folder) as house, Camera(browser) as camera:
        programme = Programme(house)
        programme.name = "confer"
        async with programme:
            programme.start()
            await tell(house, programme, camera, into)


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures of the bot in Hydrogen, on a real homeserver.")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder (default: docs/pictures)")
    into = parser.parse_args().into
    try:
        browser = chromium()
    except NotHere as lack:
        sys.stderr.write(f"No pictures: {lack}\n")
        return 0
    into.mkdir(parents=True, exist_ok=True)
    os.environ["CONFER_MATRIX_DEVICES"] = "any"  # Hydrogen does not sign its device
    with tempfile.TemporaryDirectory(prefix="confer-pictures-") as name:
        folder = Path(name)
        with running_homeserver(folder / "homeserver", server=SERVER, secret=SECRET) as server:
            asyncio.run(_take(browser, server.url, folder, into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
