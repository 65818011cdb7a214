"""From the outbox to the chat: once, as approved, however often networks and the programme fail."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, event

from adapters.platform import Invocation, NotDelivered, Outcome, Place, Source
from bot.app import App
from bot.delivery import MOST_ATTEMPTS
from conference.case import Part
from storage.notices import NoticeState
from tests.conversations.harness import ROOM, START, Begun, Chat, approved, chat, make_team, submitted


@pytest.fixture(scope="module")
def team() -> Begun:
    with chat() as bot:
        make_team(bot)
        return Begun.of(bot)


@pytest.fixture
def bot(team: Begun) -> Iterator[Chat]:
    with chat(begun=team) as bot:
        yield bot


def run(bot: Chat, coroutine: object) -> None:
    bot._loop.run_until_complete(coroutine)  # type: ignore[arg-type]


def restarted(bot: Chat) -> Chat:
    """The programme started anew on the same database and chat."""
    app = App(bot.app.database, bot.app.ring, bot.app.settings, bot.clock, {"memory": bot.platform})
    run(bot, app.start())
    bot.platform._receive = app.receive
    bot.app = app
    return bot


def states(bot: Chat, *, since: int = 0) -> list[tuple[str, str, int]]:
    with bot.store() as store:
        rows = store.connection.exec_driver_sql(
            f"SELECT kind, state, attempts FROM notices WHERE id > {since} ORDER BY id"
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]


def newest(bot: Chat) -> int:
    with bot.store() as store:
        return int(store.connection.exec_driver_sql("SELECT max(id) FROM notices").scalar() or 0)


def times(bot: Chat, words: str) -> int:
    """How many messages say this."""
    return sum(words in str(s.card) for s in bot.platform.messages if s.card)


def test_a_failed_post_is_tried_again_later_and_later(bot: Chat) -> None:
    """Each wait is about twice the one before; then it arrives, once."""
    before = newest(bot)
    bot.platform.fail(4)
    assert not bot.says("pat", 'task add "Call" for nursing due fri').said
    waits, at = [], bot.clock.now()
    while not times(bot, "T-1 Call"):
        with bot.store() as store:
            due = store.notices.next_due(["memory"])
        assert due is not None
        waits.append((due - at).total_seconds())
        at = due
        bot.passes(due)
    assert len(waits) == 4
    assert all(2 * 2**n <= wait <= 2.5 * 2**n for n, wait in enumerate(waits))
    assert states(bot, since=before) == [("task", "sent", 4)]
    assert times(bot, "T-1 Call") == 1


def test_the_platform_says_how_long_to_wait(bot: Chat) -> None:
    """A rate limit's own time is kept."""
    bot.platform.fail(retry_after=300)
    bot.says("pat", 'task add "Call" for nursing due fri')
    assert not bot.waits(4.9).said
    assert "T-1 Call" in bot.waits(2).text


def test_an_unknown_outcome_that_was_taken_is_one_message(bot: Chat) -> None:
    """The answer was lost, the message was not: the same key makes no second one."""
    bot.platform.fail(unknown=True, taken=True)
    bot.says("pat", 'task add "Call" for nursing due fri')
    bot.waits(1)
    assert times(bot, "T-1 Call") == 1
    assert [c for c in bot.platform.calls if c.startswith("post")][-2:] == 2 * [bot.platform.calls[-1]]
    assert "taken back" in str(bot.says("pat", "undo").edited[0].card), "the bot knows which message it is"


def test_an_unknown_outcome_that_was_not_taken_is_one_message(bot: Chat) -> None:
    """Nothing is lost either."""
    bot.platform.fail(unknown=True)
    bot.says("pat", 'task add "Call" for nursing due fri')
    bot.waits(1)
    assert times(bot, "T-1 Call") == 1


def test_a_final_refusal_is_dead(bot: Chat) -> None:
    """What the platform will never take is not tried again, and holds nothing else up."""
    before = newest(bot)
    bot.platform.fail(final=True)
    bot.says("pat", 'task add "Call" for nursing due fri')
    bot.waits(1)
    calls = len(bot.platform.calls)
    bot.waits(hours=5)
    assert len(bot.platform.calls) == calls
    assert states(bot, since=before) == [("task", "dead", 1), ("dead-letter", "sent", 0)]
    assert "T-2" in bot.says("pat", 'task add "Write" for nursing due fri').text


def refused(bot: Chat, words: str, failure: NotDelivered) -> None:
    """From now on the platform takes everything but what says this."""
    post = bot.platform.post

    async def choosy(place, card, key):  # type: ignore[no-untyped-def]
        if words in str(card):
            raise failure
        return await post(place, card, key)

    bot.platform.post = choosy  # type: ignore[method-assign]


def test_at_last_it_gives_up(bot: Chat) -> None:
    """After a fixed number of attempts, others getting through, a message is left to whoever looks after the bot."""
    before = newest(bot)
    refused(bot, "T-1 Call", NotDelivered("network"))
    bot.says("pat", 'task add "Call" for nursing due fri')
    assert [s[1] for s in states(bot, since=before) if s[0] == "task"] == ["new"]
    for _ in range(MOST_ATTEMPTS):
        bot.says("pat", "tasks")
        bot.passes(bot.clock.now() + timedelta(minutes=12))
    assert [s[1] for s in states(bot, since=before) if s[0] == "task"] == ["dead"]


def test_a_coordinator_is_told_of_what_was_given_up(bot: Chat) -> None:
    """Once, in private, by reference; the team's room hears nothing of it."""
    bot.platform.fail(final=True)
    bot.says("pat", 'task add "Call" for nursing due fri')
    answer = bot.waits(1)
    told = [s for s in answer.said if s.to == "carla"]
    assert [("T-1" in str(s.card), "could not be delivered" in str(s.card)) for s in told] == [(True, True)]
    assert not answer.in_room
    assert not bot.waits(hours=5).said


def test_a_platform_that_is_down_for_hours_buries_nothing(bot: Chat) -> None:
    """It is tried with one message now and then; when it is back everything arrives, in order, once."""
    bot.platform.fail(100_000)
    for n in range(1, 21):
        bot.says("pat", f'task add "Item {n}" for nursing due fri')
    calls = len(bot.platform.calls)
    bot.waits(hours=3)
    assert len(bot.platform.calls) - calls < 3 * 60 * 1.1, "about once a minute"
    bot.platform._faults.clear()
    told = len(bot.platform.messages)
    bot.waits(minutes=15)
    said = [s.card.title for s in bot.platform.messages[told:] if s.card]
    assert sorted(said) == sorted(f"T-{n} Item {n}" for n in range(1, 21))
    assert not [s for s in states(bot) if s[1] != "sent"]


@pytest.mark.parametrize("nonsense", [0.0, -5.0, float("nan"), float("inf"), 1e30])
def test_a_nonsensical_time_to_wait(bot: Chat, nonsense: float) -> None:
    """Neither hammered nor given up: the bot's own wait counts, and none is longer than an hour."""
    bot.platform.fail(3, kind="rate_limited", retry_after=nonsense)
    bot.says("pat", 'task add "Call" for nursing due fri')
    assert len([c for c in bot.platform.calls if c.startswith("post")]) >= 1
    bot.waits(hours=4)
    assert times(bot, "T-1 Call") == 1


def test_a_rate_limit_keeps_the_order_of_a_room(bot: Chat) -> None:
    """What comes after it in the same room waits with it."""
    bot.platform.fail(kind="rate_limited", retry_after=60)
    bot.says("pat", 'task add "First" for nursing due fri')
    assert not bot.says("pat", 'task add "Second" for nursing due fri').in_room
    shown = bot.waits(2)
    assert [s.card.title for s in shown.said if s.card] == ["T-1 First", "T-2 Second"]


def test_an_answer_needs_two_commits(bot: Chat) -> None:
    """The act with its answer held, and the mark; where answers come together they share it."""
    commits: list[object] = []

    def commit(connection: Connection) -> None:
        if "confer_begin" not in connection.get_execution_options():  # it is not one that only reads
            commits.append(connection)

    event.listen(bot.app.database._engine, "commit", commit)
    bot.says("pat", "tasks")
    event.remove(bot.app.database._engine, "commit", commit)
    assert len(commits) == 2


def test_a_room_stays_in_order(bot: Chat) -> None:
    """What comes after a message that failed waits for it, and for no longer; other rooms do not wait."""
    bot.platform.fail(1)
    bot.says("pat", 'task add "Call" for nursing due fri')
    assert not bot.says("pat", 'task add "Write" for nursing due fri').said
    assert "T-1" in bot.whispers("nora", "tasks").private
    assert [s.card.title for s in bot.waits(1).said if s.card] == ["T-1 Call", "T-2 Write"]


def test_others_are_served_while_one_waits(bot: Chat) -> None:
    """A message that keeps failing, when nothing else does, does not stand in the way for ever."""
    refused(bot, "T-1 Call", NotDelivered("network"))
    bot.says("pat", 'task add "Call" for nursing due fri')
    assert not bot.says("pat", 'task add "Write" for nursing due fri').said
    bot.whispers("nora", "tasks")
    assert "T-2" in bot.waits(1).text


def test_a_platform_that_breaks_in_its_own_way(bot: Chat) -> None:
    """An error that no contract knows is a failed attempt like any other."""
    post, broken = bot.platform.post, [True]

    async def breaks(*args, **more):  # type: ignore[no-untyped-def]
        if broken.pop() if broken else False:
            raise RuntimeError("Maria Lopez")
        return await post(*args, **more)

    bot.platform.post = breaks  # type: ignore[method-assign]
    bot.says("pat", 'task add "Call" for nursing due fri')
    bot.waits(1)
    assert times(bot, "T-1 Call") == 1


# -- stops -------------------------------------------------------------------------------------------------------
def test_a_reply_survives_a_stop_between_commit_and_post(bot: Chat) -> None:
    """What was carried out is answered after the restart; the same words coming again do nothing twice."""
    seen: list[Invocation] = []

    async def commit_only(invocation: Invocation) -> Outcome:
        seen.append(invocation)
        return bot.app.dispatcher.handle(invocation)

    bot.platform._receive = commit_only
    assert not bot.says("pat", 'task add "Call" for nursing due fri').said
    restarted(bot)
    assert times(bot, "T-1 Call") == 1
    run(bot, bot.app.receive(seen[0]))
    assert times(bot, "Call") == 1
    assert "T-2" in bot.says("pat", 'task add "Write" for nursing due fri').text


@pytest.mark.parametrize("taken", [True, False])
def test_killed_while_sending_means_the_same_key_once(bot: Chat, taken: bool) -> None:
    """Whether or not the platform had it when the programme died, it is there once afterwards."""
    post = bot.platform.post

    async def killed(place, card, key):  # type: ignore[no-untyped-def]
        if taken:
            await post(place, card, key)
        raise asyncio.CancelledError

    bot.platform.post = killed  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        bot.says("pat", 'task add "Call" for nursing due fri')
    bot.platform.post = post  # type: ignore[method-assign]
    assert ("task", "sending", 0) in states(bot)
    restarted(bot)
    assert times(bot, "T-1 Call") == 1
    assert not [s for s in states(bot) if s[1] in ("new", "sending")]


def test_a_digest_is_one_message_too(bot: Chat) -> None:
    """Several reminders whose outcome is unknown arrive once; what falls due meanwhile is not lost in it."""
    for n in range(3):
        bot.says("pat", f'task add "Item {n}" for @nora due fri 17:00')
    friday = datetime.fromisoformat("2026-11-27T22:00:00+00:00")
    bot.passes(friday - timedelta(seconds=1))
    bot.says("pat", 'task add "Soon" for @nora due fri 17:01')
    told = len(bot.platform.messages)
    bot.platform.fail(unknown=True, taken=True)
    bot.passes(friday + timedelta(minutes=2))
    new = [str(s.card) for s in bot.platform.messages[told:]]
    assert sum("is due now" in text for text in new) == 2
    for words in ("Item 0", "Item 1", "Item 2", "Soon"):
        assert sum(words in text and "is due now" in text for text in new) == 1, words


# -- checked again when sent -------------------------------------------------------------------------------------
def test_nothing_is_sent_for_a_withdrawn_case(bot: Chat) -> None:
    """A summary that could not be posted in time is not posted after its author took it back."""
    case = submitted(bot, goals="to ride again")
    post = bot.platform.post

    async def down(place, card, key):  # type: ignore[no-untyped-def]
        if place.room == "case-room":
            raise NotDelivered("network")
        return await post(place, card, key)

    bot.platform.post = down  # type: ignore[method-assign]
    bot.whispers("pat", f"case approve {case}")
    bot.whispers("pat", f"case withdraw {case}")
    bot.platform.post = post  # type: ignore[method-assign]
    bot.waits(hours=1)
    assert times(bot, f"title='Case {case}'") == 0


def test_rights_are_checked_when_sending(bot: Chat) -> None:
    """Who has left the team by then is not reminded."""
    bot.says("pat", 'task add "Call" for @nora due fri')
    bot.says("carla", "team remove @nora")
    answer = bot.passes(START + timedelta(days=5))
    assert not [s for s in answer.said if s.to == "nora" or s.ref.room == "@nora"]


def test_an_altered_summary_is_refused(bot: Chat) -> None:
    """A body whose hash is not the approved one is not posted; its author is told."""
    case = submitted(bot, goals="to ride again")
    post, released = bot.platform.post, []

    async def down(place, card, key):  # type: ignore[no-untyped-def]
        if place.room == "case-room" and not released:
            raise NotDelivered("network")
        return await post(place, card, key)

    bot.platform.post = down  # type: ignore[method-assign]
    bot.whispers("pat", f"case approve {case}")
    with bot.store() as store:
        kept = store.cases.get(case)
        assert kept is not None
        assert kept.summary is not None
        parts = tuple(Part(p.section, f"{p.text} Maria.", p.sha256) for p in kept.summary.parts)
        store.cases.save(replace(kept, summary=replace(kept.summary, parts=parts)))
    released.append(True)
    answer = bot.waits(1)
    assert "Maria" not in answer.text
    assert "no longer reads as you approved it" in answer.private


def test_a_notice_that_cannot_be_read_stops_nothing(bot: Chat) -> None:
    """A row that somebody damaged is buried; those behind it go out."""
    case = approved(bot)
    with bot.store() as store:
        team, room = store.team(), "case-room"
        notice = next(n for n in store.notices.about(store.id, case, "summary"))
        assert (notice.team, notice.room) == (team.id, room)
        broken = replace(notice, key="broken", kind="taken-back", words={}, state=NoticeState.NEW, message="")
        store.notices.add(broken, bot.clock.now())
    assert "T-1" in bot.says("pat", 'task add "Call" for nursing due fri').text
    assert ("taken-back", "dead", 0) in states(bot)


def test_a_platform_that_names_the_time_never_buries_a_notice(bot: Chat) -> None:
    """Any number of rate limits only delays; the message comes once the platform takes it."""
    bot.platform.fail(12, kind="rate_limited", retry_after=1)
    bot.says("pat", 'task add "Order chairs"')
    shown = bot.passes(bot.clock.now() + timedelta(minutes=5))
    assert shown.text.count("Order chairs") == 1


def test_a_card_that_was_late_shows_what_was_answered_meanwhile(bot: Chat) -> None:
    """The invitation waits for a platform that is down; answers given by then stand in it once it is there."""
    bot.platform.fail()
    assert not bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m').in_room
    bot.says("nora", "rsvp M-1 yes")
    bot.waits(1)
    assert "Case conference" in bot.bot_shows()
    assert "nobody has answered yet" not in bot.bot_shows()
    assert "nora" in next(line for line in bot.bot_shows().splitlines() if "yes" in line.lower())
    assert not [s for s in states(bot) if s[1] not in ("sent", "dropped")]


def test_a_card_that_never_came_is_not_changed(bot: Chat) -> None:
    """Its edit goes with it."""
    before = newest(bot)
    bot.platform.fail(final=True)
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m')
    bot.says("nora", "rsvp M-1 yes")
    bot.waits(1)
    assert [s for s in states(bot, since=before) if s[0] == "meeting"] == [("meeting", "dead", 1)]


def test_an_answer_does_not_wait_for_what_others_are_owed(bot: Chat) -> None:
    """Whoever speaks waits for what comes of it in the own lanes, and for nobody else's messages."""
    whisper, heard = bot.platform.whisper, []

    async def deaf(place, account, card, key):  # type: ignore[no-untyped-def]
        if account == "nora":
            raise NotDelivered("network")
        return await whisper(place, account, card, key)

    async def noted(place, account, card, key):  # type: ignore[no-untyped-def]
        heard.append(account)
        return await whisper(place, account, card, key)

    bot.platform.whisper = deaf  # type: ignore[method-assign]
    bot.says("carla", 'meeting schedule "Huddle" tomorrow 12:15 for 15m')
    bot.says("carla", 'task add "Call" for @nora due fri')
    bot.platform.whisper = noted  # type: ignore[method-assign]
    bot.clock.set(bot.clock.now() + timedelta(minutes=1))
    assert bot.says("pat", "rsvp M-1 yes").edited
    assert "nora" not in heard
    bot.waits(1)
    assert "nora" in heard


def test_an_edit_waits_for_a_post_that_is_being_sent(bot: Chat) -> None:
    """Answered while the invitation is on its way: it is changed once it is there."""
    post, answered = bot.platform.post, []

    async def slow(place, card, key):  # type: ignore[no-untyped-def]
        if not answered and "Case conference" in str(card):
            answered.append(key)
            said = Invocation(
                "i-1", "nora", "nora", Place("memory", ROOM), "rsvp M-1 yes", bot.clock.now(), Source.TYPED
            )
            await asyncio.to_thread(bot.app.dispatcher.handle, said)
        return await post(place, card, key)

    bot.platform.post = slow  # type: ignore[method-assign]
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m')
    assert answered
    bot.waits(1)
    assert "nobody has answered yet" not in bot.bot_shows()
