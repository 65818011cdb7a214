"""`confer demo` plays its week, shows it readably, and fails where the bot does not do its part."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import demo, main
from bot.demo import week
from bot.demo.script import Show, Step
from bot.demo.stage import Failed
from bot.demo.telling import WIDEST, Teller


@pytest.fixture
def told(tmp_path: Path) -> list[str]:
    lines: list[str] = []
    demo.play(tmp_path, Teller(100, colour=False, write=lines.append))
    return lines


def test_the_week_goes_well_and_is_readable(told: list[str]) -> None:
    """Every day of it is told, in no more lines than one reads in a minute or so."""
    days = [line for line in told if line.startswith("══")]
    assert len(days) == len(week.WEEK)
    assert len(told) < 220
    assert max(map(len, told)) <= WIDEST
    assert "\033" not in "".join(told)


def test_the_rooms_never_show_who_the_patients_are(told: list[str]) -> None:
    """The names stand in what the authors typed, and nowhere else."""
    for line in told:
        if line.startswith("#case-room <confer>"):
            assert not [name for name in week.SECRETS if name in line]


@pytest.mark.parametrize(
    ("broken", "because"),
    [
        (Step("!confer task done T-99"), "was refused"),
        (Step('/press "No such button"'), "was refused"),
        (Step("!confer team", sees=("astrology",)), "astrology"),
        (Step("!confer team", finds="task=T"), "T-…"),
        (Step("!confer agenda add “Mary Doe”"), "Mary Doe"),
    ],
)
def test_a_step_that_goes_wrong_ends_it(
    broken: Step, because: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demonstration is a test too: status 1, and a word about what went wrong."""
    scene = replace(week.MONDAY, steps=(*week.MONDAY.steps[:3], week.MONDAY.steps[3], broken))
    if because == "Mary Doe":
        scene = replace(week.MONDAY, steps=(*week.MONDAY.steps, broken))
    monkeypatch.setattr(week, "WEEK", (scene,))
    assert main(["demo"]) == 1
    assert because in capsys.readouterr().err


def test_what_is_left_readable_on_disk_ends_it(tmp_path: Path) -> None:
    """A name in clear in any file of the database's folder is found."""
    (tmp_path / "confer.log").write_text("saw Mary Doe")
    with pytest.raises(Failed, match="Mary Doe"):
        demo.play(tmp_path, Teller(100, colour=False, write=lambda _: None))


def test_it_says_how_to_go_on() -> None:
    """As a programme of its own, without a terminal: plain, status 0, and the last words are what to type."""
    done = subprocess.run([sys.executable, "-m", "bot.cli", "demo"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(r"chat` is the same bot", done.stdout.replace("\n│ ", " "))
    assert all(f"    {line}\n" in done.stdout for line in demo.FIRST_LINES)


def test_colours_are_for_terminals(tmp_path: Path) -> None:
    """With colours the words are the same, apart from the colours."""
    lines: list[str] = []
    teller = Teller(100, colour=True, write=lines.append)
    teller.scene(week.MONDAY)
    assert "\033[" in "".join(lines)
    plain = re.sub(r"\033\[[0-9;]*m", "", "\n".join(lines))
    assert "\033" not in plain
    assert week.MONDAY.title in plain


def test_steps_that_show_nothing_are_not_told() -> None:
    lines: list[str] = []
    Teller(100, colour=False, write=lines.append).step(Step("x", show=Show.NOTHING), "#r <a>", ())
    assert not lines


@pytest.mark.parametrize("words", ["-1", "61", "soon"])
def test_a_pace_is_some_seconds(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--pace", words])
    assert ended.value.code == 2
