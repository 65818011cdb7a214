"""What holds at the end of every day, whatever happened in it."""

from collections import Counter

from sqlalchemy import select

from storage import tables
from storage.audit import verify
from storage.notice import PATIENCE
from storage.notices import Act, NoticeState
from storage.schema import AuditRow
from storage.store import HOUSE, Store
from tests.conversations.harness import ROOM, Chat, text_of
from tests.simulation.clinic import PLANTED, Clinic


def hold(clinic: Clinic) -> None:
    _the_trail_is_whole(clinic)
    _nothing_waits_that_is_due(clinic.bot)
    _each_message_stands_once(clinic.bot)
    _rooms_are_in_order(clinic.bot)
    _no_patient_is_named(clinic)


def _the_trail_is_whole(clinic: Clinic) -> None:
    """Every chain verifies, and every command that was taken in has its row."""
    with clinic.bot.app.database.reading() as connection:
        teams = Store(connection, clinic.bot.app.ring).team_ids()
        for team in (HOUSE, *teams):
            verdict = verify(connection, clinic.bot.app.ring, team)
            assert verdict.ok, verdict.reason
        rows = connection.execute(select(AuditRow.actor).where(AuditRow.actor != "confer")).scalars().all()
    assert len(rows) - clinic.rows_before == sum(clinic.month.done.values()) + sum(clinic.month.refused.values())


def _nothing_waits_that_is_due(bot: Chat) -> None:
    """What is due was fired and said, or stands among the dead letters for somebody to look at."""
    now = bot.clock.now()
    with bot.app.database.reading() as connection:
        t, n = tables.TimerRow, tables.NoticeRow
        late = connection.execute(select(t.kind, t.subject).where(t.done_at.is_(None), t.due_at <= now)).all()
        open_states = [
            s.value for s in NoticeState if s not in (NoticeState.SENT, NoticeState.DROPPED, NoticeState.DEAD)
        ]
        due = select(n.key, n.state).where(n.state.in_(open_states), n.not_before <= now, n.attempts == 0)
        waiting = connection.execute(due).all()
    assert not late
    assert not waiting


def _each_message_stands_once(bot: Chat) -> None:
    """One message for each post that is marked as sent, and none that is not."""
    shown = Counter(said.key for said in bot.platform.messages if said.key)
    assert set(shown.values()) <= {1}
    with bot.app.database.reading() as connection:
        n = tables.NoticeRow
        sent = select(n.room, n.message).where(
            n.state == NoticeState.SENT.value, n.act != Act.EDIT.value, n.message != ""
        )
        refs = connection.execute(sent.distinct()).all()
    standing = {(said.ref.room, said.ref.message) for said in bot.platform.messages}
    assert {tuple(ref) for ref in refs} <= standing


def _rooms_are_in_order(bot: Chat) -> None:
    """What was decided first to be said in the team's room is said first there, but for what failed too often to be waited for."""
    with bot.app.database.reading() as connection:
        n = tables.NoticeRow
        posts = select(n.message).where(
            n.room == ROOM,
            n.act == Act.POST.value,
            n.state == NoticeState.SENT.value,
            n.thread == "",
            n.strikes < PATIENCE,
        )
        refs = connection.execute(posts.order_by(n.id)).scalars().all()
    place = {said.ref.message: number for number, said in enumerate(bot.platform.messages)}
    assert [place[ref] for ref in refs] == sorted(place[ref] for ref in refs)


def _no_patient_is_named(clinic: Clinic) -> None:
    """In nothing that a room shows or has shown; each card is looked through once."""
    for said in clinic.bot.platform.messages:
        if said.to is not None or said.place.direct:
            continue
        for card in filter(None, (said.card, *said.earlier)):
            if id(card) not in clinic.read:
                clinic.read[id(card)] = card
                assert PLANTED not in text_of(card), said.ref
