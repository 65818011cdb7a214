"""The pictures of the documentation are there, are pictures, and are small."""

import re
import struct
from pathlib import Path

import pytest

from tests.matrix.pictures.camera import DESK, FILES, HERE, PHONE

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
SHOWN = re.findall(r"\]\(([\w-]+\.png)\)", (PICTURES / "README.md").read_text(encoding="utf-8"))


def test_every_picture_is_shown_once() -> None:
    assert sorted(SHOWN) == sorted(file.name for file in PICTURES.glob("*.png"))


def test_two_of_them_are_in_the_readme() -> None:
    """With words for those who do not see them."""
    shown = re.findall(
        r'<img src="docs/pictures/([\w-]+\.png)" width="\d+" alt="([^"]+)">', (ROOT / "README.md").read_text()
    )
    assert len(shown) == 2
    assert all(name in SHOWN and len(words) > 20 for name, words in shown)


@pytest.mark.parametrize("name", SHOWN)
def test_picture_is_a_small_screen(name: str) -> None:
    """A PNG with the proportions of the screen that it was taken of, not large to load."""
    content = (PICTURES / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) <= 200_000
    width, height = struct.unpack(">II", content[16:24])
    view = DESK if name.endswith("-desk.png") else PHONE
    assert abs(width / height - view.width / view.height) < 0.01
    assert width >= view.width


def test_story_takes_what_is_shown() -> None:
    """Each picture is taken by the command that is said to take it."""
    story = (HERE / "story.py").read_text(encoding="utf-8")
    taken = re.findall(r'album\.(phone|desk)\("(\w+)"', story)
    assert sorted(f"{name}-desk.png" if view == "desk" else f"{name}.png" for view, name in taken) == sorted(SHOWN)
    assert all((HERE / name).is_file() for name in FILES)
