"""`confer slack` as it is typed."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.slack import manifest
from bot.cli import main
from bot.cli.slack import OPEN_WORDS, SHORTCUTS, is_open
from bot.commands import TABLE
from tests.slack.harness import play
from tests.slack.server import local_slack


def test_prints_the_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is the manifest that the tests' Slack is made from."""
    assert main(["slack", "manifest"]) == 0
    assert json.loads(capsys.readouterr().out) == manifest(SHORTCUTS)
    assert main(["slack", "manifest", "--url", "https://c.test", "--rotation"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["settings"]["token_rotation_enabled"]
    assert printed["oauth_config"]["redirect_urls"] == ["https://c.test/slack/oauth_redirect"]


def test_status_asks_slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A good token is called good, a wrong one is told as Slack tells it, and off is off."""
    config = str(tmp_path / "house" / "confer.toml")
    assert main(["init", str(tmp_path / "house")]) == 0
    assert main(["slack", "status", "--config", config]) == 1
    assert main(["slack", "install", "--config", config]) == 1
    capsys.readouterr()

    async def story() -> None:
        async with local_slack(manifest(SHORTCUTS)) as slack:
            team = slack.install("North hospital")
            monkeypatch.setenv("CONFER_SLACK_MODE", "socket")
            monkeypatch.setenv("CONFER_SLACK_BASE_URL", slack.api)
            monkeypatch.setenv("SLACK_APP_TOKEN", slack.app_token)
            monkeypatch.setenv("SLACK_BOT_TOKEN", slack.world.issue_token(team.id))
            assert await asyncio.to_thread(main, ["slack", "status", "--config", config]) == 0
            monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
            assert await asyncio.to_thread(main, ["slack", "status", "--config", config]) == 1

    play(story)
    said = capsys.readouterr()
    assert "North hospital: good" in said.out
    assert "invalid_auth" in said.err


def test_words_that_are_open_are_commands() -> None:
    """What an uncovered workspace may do is named by real commands, none of them about a case."""
    first = {command.words.split()[0] for command in TABLE.commands}
    assert OPEN_WORDS - first - {"", "help", "vote"} <= {"undo", "use"}
    closed = ("case submit x", "decide C-7K2P", "task add x", "agenda add x", "safety C-7K2P", "minutes", "refer x")
    assert not any(is_open(words) for words in closed)
    assert all(is_open(words) for words in ("", "help task", "MEETINGS", "me zone UTC"))
