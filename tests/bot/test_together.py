"""What comes together is written together: one commit where all goes well, each alone where anything fails."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event

from adapters.platform import Invocation, Outcome, Place
from bot import dispatch, together
from bot.together import Piece, Together
from storage.database import DatabaseBusy, DatabaseTrouble
from storage.store import Store
from tests.conversations.harness import START, Begun, Chat, chat, make_team


@pytest.fixture(scope="module")
def team() -> Begun:
    with chat() as bot:
        make_team(bot)
        return Begun.of(bot)


@pytest.fixture
def bot(team: Begun, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    monkeypatch.setattr(together, "WITHIN", 60)  # a slow machine shares as much as a fast one
    with chat(begun=team) as bot:
        yield bot


@pytest.fixture
def commits(bot: Chat) -> Iterator[list[Connection]]:
    """Every commit of the bot's database from here on."""
    seen: list[Connection] = []

    def commit(connection: Connection) -> None:
        seen.append(connection)

    event.listen(bot.app.database._engine, "commit", commit)
    yield seen
    event.remove(bot.app.database._engine, "commit", commit)


def say(bot: Chat, *said: tuple[str, str]) -> list[Outcome]:
    """All of it at the same moment, each in the speaker's direct room."""

    async def at_once() -> list[Outcome]:
        invocations = [
            Invocation(f"i-{n}", who, who, Place("memory", f"@{who}", direct=True), words, START)
            for n, (who, words) in enumerate(said)
        ]
        return await asyncio.gather(*map(bot.app.receive, invocations))

    return bot._loop.run_until_complete(at_once())


class Lines:
    """Pieces that note their name in the inbox, or fail once they have."""

    def __init__(self, bot: Chat) -> None:
        self.app, self.undone = bot.app, list[str]()

    def piece(self, name: str, failure: BaseException | None = None) -> Piece[bool]:
        def within(house: Store) -> bool:
            is_new = house.take_in("memory", name, START)
            if failure is not None:
                raise failure
            return is_new

        def alone() -> bool:
            with self.app.database.transaction() as connection:
                return within(Store(connection, self.app.ring))

        return Piece(within, alone, lambda: self.undone.append(name))

    async def write(self, *pieces: Piece[bool]) -> list[bool | BaseException]:
        writing = Together(self.app.database, self.app.ring)
        return await asyncio.gather(*map(writing.write, pieces), return_exceptions=True)


def test_what_comes_together_shares_a_commit(bot: Chat, commits: list[Connection]) -> None:
    """All that waits is one transaction, and so are the marks of what it said."""
    outcomes = say(bot, ("pat", "tasks"), ("nora", "tasks"), ("wes", "tasks"))
    assert not any(outcome.refused for outcome in outcomes)
    assert len(commits) == 2


def test_a_command_that_breaks_takes_no_other_along(bot: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is apologised for, and those that came with it are carried out and answered, once each."""
    parse = dispatch.parse

    def breaks(text: str, *of: object) -> object:
        if text == "whoami":
            raise RuntimeError("Maria Lopez")
        return parse(text, *of)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatch, "parse", breaks)
    add = 'task add "Call" for nursing due fri'
    outcomes = say(bot, ("pat", "tasks"), ("nora", add), ("wes", "whoami"), ("sol", add))
    assert [outcome.refused for outcome in outcomes] == [False, False, True, False]
    answers = [said.card.title for said in bot.platform.messages if said.key.startswith("inv:i-") and said.card]
    assert sorted(title for title in answers if "Call" in title) == ["T-1 Call", "T-2 Call"]
    assert len([said for said in bot.platform.messages if said.key.startswith("inv:i-2")]) == 1
    assert len(answers) == 4


def test_the_same_words_in_one_transaction_are_carried_out_once(bot: Chat) -> None:
    """A platform that hands an event in twice at once."""
    twice = Invocation("i", "pat", "pat", Place("memory", "@pat", direct=True), "tasks", START)

    async def at_once() -> list[Outcome]:
        return await asyncio.gather(*(bot.app.receive(twice) for _ in range(3)))

    outcomes = bot._loop.run_until_complete(at_once())
    assert [outcome.ignored for outcome in outcomes] == [False, True, True]


def test_what_was_rolled_back_is_undone_and_done_alone(bot: Chat) -> None:
    """The one that fails raises for its own asker; the others are new, for nothing of the first attempt stayed."""
    lines = Lines(bot)
    pieces = (lines.piece("first"), lines.piece("second", RuntimeError("broken")), lines.piece("third"))
    first, second, third = bot._loop.run_until_complete(lines.write(*pieces))
    assert (first, third) == (True, True)
    assert isinstance(second, RuntimeError)
    assert lines.undone == ["first", "second"], "the third was not begun with them"


class Panic(BaseException):
    """What libraries raise that are written in another language."""


def test_nobody_waits_for_ever(bot: Chat) -> None:
    """What is no Exception is told to its own asker all the same, and the others are served."""
    lines = Lines(bot)

    async def story() -> list[bool | BaseException]:
        async with asyncio.timeout(10):
            return await lines.write(lines.piece("first"), lines.piece("second", Panic()), lines.piece("third"))

    first, second, third = bot._loop.run_until_complete(story())
    assert (first, third) == (True, True)
    assert isinstance(second, Panic)


def test_time_ends_a_transaction(bot: Chat, commits: list[Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came last waits for the next one, rather than the first for the last."""
    monkeypatch.setattr(together, "WITHIN", 0)
    lines = Lines(bot)
    assert bot._loop.run_until_complete(lines.write(lines.piece("first"), lines.piece("second"))) == [True, True]
    assert len(commits) == 2


def test_who_comes_while_others_wait_for_their_turn_goes_with_them(bot: Chat, commits: list[Connection]) -> None:
    """Somebody else writes; all who have come by the end of that are one transaction."""
    lines = Lines(bot)

    async def story() -> list[bool]:
        writing = Together(bot.app.database, bot.app.ring)
        with bot.app.database.transaction():
            first = asyncio.ensure_future(writing.write(lines.piece("first")))
            async with asyncio.timeout(10):
                while not bot.app.database.is_wanted:  # noqa: ASYNC110 - a thread tells nobody that it waits
                    await asyncio.sleep(0.001)
            second = asyncio.ensure_future(writing.write(lines.piece("second")))
            await asyncio.sleep(0)
        return await asyncio.gather(first, second)

    assert bot._loop.run_until_complete(story()) == [True, True]
    assert len(commits) == 2, "that of the other, and theirs"


def test_a_disk_that_fails_is_told_to_each(bot: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no transaction begins, each has tried by itself and raises."""
    lines = Lines(bot)

    def fails() -> object:
        raise DatabaseTrouble("full")

    monkeypatch.setattr(bot.app.database, "transaction", fails)
    answers = bot._loop.run_until_complete(lines.write(lines.piece("first"), lines.piece("second")))
    assert [type(answer) for answer in answers] == [DatabaseTrouble, DatabaseTrouble]


def test_a_busy_database_is_waited_for_once(bot: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who waits hears of it; none waits again alone."""
    lines, asked = Lines(bot), list[int]()

    def busy() -> object:
        asked.append(1)
        raise DatabaseBusy("busy")

    monkeypatch.setattr(bot.app.database, "transaction", busy)
    answers = bot._loop.run_until_complete(lines.write(lines.piece("first"), lines.piece("second")))
    assert all(isinstance(answer, DatabaseBusy) for answer in answers)
    assert (asked, lines.undone) == ([1], ["first", "second"])


def test_who_has_gone_stops_nobody(bot: Chat) -> None:
    """An asker that is cancelled while it waits leaves the others their answer, and the next ones theirs."""
    lines = Lines(bot)

    async def story() -> tuple[bool, bool]:
        writing = Together(bot.app.database, bot.app.ring)
        gone = asyncio.ensure_future(writing.write(lines.piece("first")))
        stays = asyncio.ensure_future(writing.write(lines.piece("second")))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays, await writing.write(lines.piece("third"))

    assert bot._loop.run_until_complete(story()) == (True, True)
