"""Golden files: one per card kind and platform, small enough to be read in review."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", default=False, help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden("console/facts.txt", text)``: the file has this text; with ``--golden`` it is written anew."""
    # The default counts where this file is met only after the command line was read.
    rewrite = request.config.getoption("--golden", default=False)

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if rewrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        assert path.exists(), f"{path} is missing: make golden"
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare
