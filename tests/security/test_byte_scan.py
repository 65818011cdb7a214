"""After a whole conference on a file, no planted word of a patient stands in clear anywhere the bot writes."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from storage.audit import entries
from storage.checkpoints import Checkpoints
from storage.store import HOUSE
from tests.conversations.harness import Chat, approved, chat, make_team, running

IDENTIFIERS = {
    "patient": "Marisol Quintanilla",
    "people": "partner Ottokar Brandvold",
    "mrn": "88172634",
    "born": "1984-07-19",
    "phone": "617-555-0149",
    "email": "quinta.marisol@example.org",
    "address": "41 Alderwick Lane, Pellbrook",
    "employer": "Northmoor Ropeworks",
    "school": "Hexley College",
}
CLINICAL = {
    "question": "Should the zolpidem be tapered before exposure begins?",
    "background": "Marisol Quintanilla wakes screaming at the ropeworks; Ottokar Brandvold calls 617-555-0149.",
    "medication": "Zolpidem since the harvest, quetiapine refused",
    "treatment": "Imagery rehearsal stalled in week six",
    "sexual_health": "Vaginismus after the delivery",
    "goals": "wants to carry the lantern again",
    "safety": "Counted the pills on Thursday",
}
SAID = {
    "decision": "Halve the hypnotic nightly",
    "reason": "rebound dreams frighten her",
    "option": "melatonin bridge",
    "preference": "rather awake than dull",
    "dissent": "this invites a relapse",
    "task": "Ring the midwife about scarring",
    "obstacle": "midwife hides from calls",
    "outcome": "scar mobile and painless",
    "deferral": "the sleep diary burned",
    "correction": "diary burned twice",
    "aside": "I dreamt of her lantern",
    "topic": "Fewer forms on Mondays",
}


def needles() -> list[bytes]:
    """Every planted text, and the longer words of it, as they would stand in a file in any letter case."""
    texts = [*IDENTIFIERS.values(), *CLINICAL.values(), *SAID.values()]
    words = {w.strip(".,;:?") for text in texts for w in text.split()}
    rare = {w for w in words if len(w) > 7 and w.casefold() not in _COMMON}
    return sorted({n.casefold().encode() for n in {*texts, *rare}})


_COMMON = {"thursday", "exposure", "patient", "delivery", "medication", "treatment", "question", "background"}


def found_in(haystack: bytes, what: Sequence[bytes]) -> list[bytes]:
    folded = haystack.lower()
    return [n for n in what if n in folded or n.decode().encode("utf-16-le") in folded]


@dataclass
class After:
    """What is left on disk, in logs and in the exported trail when a conference is over."""

    folder: Path
    temporary: Path
    logged: str
    trail: str
    controls: list[bytes]


def confer(bot: Chat) -> None:
    """A conference that says every planted text at least once, with a stumble, an undo and a day of timers."""
    case = approved(bot, **CLINICAL, **IDENTIFIERS)
    bot.whispers("pat", f"consent {case} allow sexual-health to psychiatry,sex-therapy until 2027-01-01")
    bot.says("nora", f"case submit {CLINICAL['background']}")
    bot.says("nora", f'case submit "{CLINICAL["background"]}')
    meeting = running(bot, case, approved(bot))
    bot.chats("sol", SAID["aside"])
    bot.says(
        "pat",
        f'decide {case} "{SAID["decision"]}" because "{SAID["reason"]}" options "{SAID["option"]}; wait" '
        f'prefers "{SAID["preference"]}"',
    )
    bot.says("sol", f'dissent D-1 "{SAID["dissent"]}"')
    bot.says("pat", f'task add "{SAID["task"]}" for @nora due fri case {case} kind lab')
    bot.says("nora", f'task block T-1 "{SAID["obstacle"]}"')
    bot.says("nora", f'task done T-1 "{SAID["outcome"]}"')
    bot.says("nora", "undo")
    bot.waits(hours=60)
    bot.says("nora", f'task done T-1 "{SAID["outcome"]}"')
    bot.says("pat", f"defer because {SAID['deferral']}")
    bot.says("pat", "meeting end")
    bot.says("pat", f"minutes sign {meeting}")
    bot.says("pat", f'minutes correct {meeting} "{SAID["correction"]}"')
    bot.says("nora", f"minutes {meeting}")
    bot.says("carla", 'meeting schedule "Next conference" fri 08:00')
    bot.says("carla", f'agenda add "{SAID["topic"]}"')
    for words in (
        "cases",
        f"case {case}",
        "tasks team",
        "decision D-1",
        f"tasks case {case}",
        "nonsense",
        "case C-9ZZ9",
    ):
        bot.whispers("thea", words)
    bot.platform.fail(3, unknown=True, taken=True)
    bot.says("nora", "tasks team")
    bot.waits(5)
    with bot.store() as store:
        kept = repr((store.decisions.all(), store.tasks.all(), store.meetings.all(), store.cases.all()))
    assert not [words for words in SAID.values() if words not in kept and words != SAID["aside"]]
    assert not [words for words in IDENTIFIERS.values() if words not in kept]


def fail_inside(bot: Chat) -> None:
    """A programming error whose exception quotes the patient: its text must not reach the log."""

    def breaks(*_: object) -> None:
        raise RuntimeError(CLINICAL["background"])

    table = bot.app.dispatcher.table
    command = next(c for c in table.commands if c.words == "whoami")
    table._by_path[command.path] = replace(command, handler=breaks)  # type: ignore[arg-type]
    try:
        assert "went wrong" in bot.whispers("pat", "whoami").text
    finally:
        table._by_path[command.path] = command


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[After]:
    folder, temporary = tmp_path_factory.mktemp("confer"), tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch, Captured() as records:
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", None)
        with chat(url=str(folder / "confer.db")) as bot:
            bot.app.checkpoints = Checkpoints(folder / "checkpoints.jsonl", bot.app.ring.root)
            make_team(bot)
            confer(bot)
            fail_inside(bot)
            bot._loop.run_until_complete(bot.app.housekeeping())
            with bot.store() as store:
                trail = repr(entries(store.connection, store.id, None, 10_000))
                trail += repr(entries(store.connection, HOUSE, None, 10_000))
            assert {"confer.db", "confer.db-wal", "confer.db-shm"} <= {p.name for p in folder.iterdir()}
            kept = b"".join(p.read_bytes() for p in sorted(folder.iterdir()))
            (folder / "while-running.bin").write_bytes(kept)
            controls = [b"case-room", b"meeting schedule", store.id.encode()]
        yield After(folder, temporary, "\n".join(records), trail, controls)


class Captured:
    """Everything that any part of the programme logs, at every level, exceptions included."""

    def __enter__(self) -> list[str]:
        self.records: list[str] = []
        shown = logging.Formatter("%(name)s %(message)s")
        self.handler = logging.Handler(logging.DEBUG)
        self.handler.emit = lambda record: self.records.append(shown.format(record))  # type: ignore[method-assign]
        self.level = logging.getLogger().level
        logging.getLogger().addHandler(self.handler)
        logging.getLogger().setLevel(logging.DEBUG)
        return self.records

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.handler)
        logging.getLogger().setLevel(self.level)


def files_of(after: After) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(after.folder.iterdir()) if p.is_file()}


def test_the_scan_looks_where_the_bot_writes(after: After) -> None:
    """Database, log, shared memory and lock are there, checkpoints too; and something was logged."""
    assert {"confer.db", "confer.db.lock", "checkpoints.jsonl"} <= set(files_of(after))
    assert "SQLite format 3" in files_of(after)["while-running.bin"].decode("latin-1")
    assert "RuntimeError" in after.logged
    assert "decide" in after.trail


def test_the_scan_finds_what_is_there_in_clear(after: After) -> None:
    """The control: what is kept in clear on purpose is found by the same search, in the same bytes."""
    kept = files_of(after)["while-running.bin"]
    for control in after.controls:
        assert found_in(kept, [control.lower()]), control
    planted = kept + "… Quetiapine refused …".encode("utf-16-le")
    assert found_in(planted, [b"quetiapine"])
    assert len(needles()) > 40


def test_no_file_holds_a_planted_text(after: After) -> None:
    """Neither while the bot runs (its write-ahead log included) nor when it has stopped."""
    for name, content in files_of(after).items():
        assert not found_in(content, needles()), name


def test_no_temporary_file_is_left(after: After) -> None:
    """The PDF of the minutes is made in memory."""
    for path in after.temporary.rglob("*"):
        assert not path.is_file() or not found_in(path.read_bytes(), needles()), path.name


def test_no_log_line_holds_a_planted_text(after: After) -> None:
    """Not even where an exception quotes one."""
    assert not found_in(after.logged.encode(), needles())


def test_the_trail_holds_no_planted_text(after: After) -> None:
    """References, kinds and accounts alone."""
    assert not found_in(after.trail.encode(), needles())
