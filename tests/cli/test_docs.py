"""The documents say what is so: made pages are fresh, examples run, named tests and links exist."""

import ast
import re
from pathlib import Path

import pytest

import bot.app
import bot.commands
import bot.handlers.tasks
import bot.present.tasks
import tests.conversations.harness as harness
from bot.grammar.command import CommandTable
from docs import generate
from tests.cli.conftest import CHECKOUT

PAGES_BY_HAND = [CHECKOUT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")]


def test_made_pages_are_fresh() -> None:
    """`make docs` writes them anew."""
    assert generate.stale() == []


def test_a_stale_page_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check names the pages and fails; without it they are written."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    for words, status, said in ((["--check"], 1, "stale: "), ([], 0, "written: "), (["--check"], 0, "")):
        monkeypatch.setattr("sys.argv", ["generate", *words])
        assert generate.main() == status
        assert capsys.readouterr().out == "".join(f"{said}{name}\n" for name in generate.PAGES if said)


def test_the_example_of_a_command_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of CONTRIBUTING.md, each in the module that it is said to stand in."""
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    wording, handler, line, conversation = re.findall(r"^```python\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    for module, block in ((bot.present.tasks, wording), (bot.handlers.tasks, handler)):
        made = run(block, vars(module))
        assert not hasattr(module, made.__name__)
        monkeypatch.setattr(module, made.__name__, made, raising=False)
    command = eval(line, vars(bot.commands))
    monkeypatch.setattr(bot.app, "TABLE", CommandTable((*bot.commands.TABLE.commands, command)))
    with harness.chat() as chat:
        harness.make_team(chat)
        run(conversation, vars(harness))(chat)


def run(block: str, names: dict[str, object]):  # type: ignore[no-untyped-def]
    """The function that the block defines, over the names of a module."""
    (function,) = (part for part in ast.parse(block).body if isinstance(part, ast.FunctionDef))
    namespace = dict(names)
    exec(block, namespace)
    return namespace[function.name]


@pytest.mark.parametrize("page", PAGES_BY_HAND, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_every_test_that_security_names_exists() -> None:
    rows = (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", rows)
    assert len(named) > 20
    for path, name in named:
        assert f"def {name}(" in (CHECKOUT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_decisions_have_their_three_parts() -> None:
    pages = sorted((CHECKOUT / "docs" / "decisions").glob("*.md"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.match(rf"# {int(page.name[:4])}\. ", text), page.name
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Price")), page.name


def test_the_licence_is_whole() -> None:
    text = (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
