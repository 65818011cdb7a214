"""The table of faults names tests that exist, and the page shows every row of it."""

from pathlib import Path

import pytest

from tests.faults.matrix import ROWS, Row

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_every_row_names_tests_that_exist(row: Row) -> None:
    assert row.tests
    for test in row.tests:
        file, _, function = test.partition("::")
        content = (ROOT / "tests" / file).read_text()
        assert f"def {function.rpartition('::')[2] or 'test_'}" in content, test


def test_the_page_shows_every_row_and_no_failure() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text()
    for row in ROWS:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {row.fault} |")]
        assert "holds" in line
        assert "fails" not in line
