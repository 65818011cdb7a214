"""From an invocation to a committed answer: grammar, person, right, handler, audit, in one transaction."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.card import encode
from adapters.platform import Invocation, Outcome, Source
from bot.clock import Clock
from bot.delivery import Hand
from bot.grammar.command import CommandTable
from bot.grammar.params import Reading
from bot.grammar.parse import Parsed, parse
from bot.grammar.tokens import check_text
from bot.handlers import presence
from bot.present import common
from bot.request import Audience, Reply, Request
from bot.settings import Settings
from conference.people import Member, Team, own_part
from conference.policy import holders, may
from conference.refusal import Refusal
from storage.audit import AuditEntry
from storage.database import Database, DatabaseBusy, OutcomeUnknown, attempt, wait_for_turn
from storage.keys import KeyRing
from storage.notices import TAKEN_OUT, Act, Notice
from storage.store import HOUSE, Store, TeamStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Carries out invocations: ``handle`` in a transaction of its own, ``take`` in one that others may share; in a thread."""

    database: Database
    ring: KeyRing
    table: CommandTable
    settings: Settings
    clock: Clock

    def handle(self, invocation: Invocation, hand: Hand | None = None) -> Outcome:
        """Carry the invocation out once. Its answer lies in the outbox when this returns, or with the ``hand``.

        Raises DatabaseBusy, and what an apology fails of.
        """
        try:
            with self.database.transaction() as connection:
                return self.take(Store(connection, self.ring, hand), invocation)
        except OutcomeUnknown:
            return self._saved(invocation)
        except DatabaseBusy:
            raise  # nothing was taken in, and an apology would find the database as busy
        except Exception as failure:
            # Only the kind is logged: the text of an exception may quote a patient's words.
            log.error("invocation %s failed: %s", invocation.id, type(failure).__name__)
            if hand is not None:
                hand.rolled_back()
            return self._apologise(invocation, hand)

    def _saved(self, invocation: Invocation) -> Outcome:
        """The connection was cut while the server saved: raise DatabaseBusy unless it has, and then all is as it should be."""
        with self.database.transaction() as connection:
            if Store(connection, self.ring).take_in(invocation.place.platform, invocation.id, self.clock.now()):
                raise DatabaseBusy("Nothing was saved; try again.")
        return Outcome()

    def take(self, house: Store, invocation: Invocation) -> Outcome:
        """Carry it out in the caller's transaction. Raises whatever fails, and then nothing of it may stay."""
        now = self.clock.now()
        if not house.take_in(invocation.place.platform, invocation.id, now):
            return Outcome(ignored=True)
        if invocation.source is Source.JOINED:
            self._arrive(house, invocation, now)
            return Outcome(ignored=True)
        request = self._request(house, invocation, now)
        if invocation.source is Source.CHAT:
            presence.listen(request)
            return Outcome(ignored=True)
        if house.is_first_contact(invocation.place.platform, invocation.account, now):
            self._say_hello(house, invocation, now, private=True, has_team=request.team_or_none is not None)
        if now - invocation.at > self.settings.bot.oldest_command:
            return self._answer(
                request, Reply(common.too_old(invocation, request.zone)), "not carried out", refused=True
            )
        return self._carry_out(request)

    # -- one command ---------------------------------------------------------------------------------------------
    def _carry_out(self, request: Request) -> Outcome:
        command = "?"
        try:
            with attempt(request.store.connection):
                parsed = self._parse(request)
                command = parsed.command.words
                self._check_right(request, parsed)
                presence.attend(request)
                reply = parsed.command.handler(request, parsed.args)
        except Refusal as refusal:
            request.subjects.clear()
            request.outbox[:] = [n for n in request.outbox if n.kind == TAKEN_OUT]
            also = common.TAKEN_OUT if self._take_out(request) else ""
            return self._answer(request, Reply(common.refusal(refusal, also)), command, refused=True)
        self._take_out(request)
        if parsed.command.undoable and request.store.changes.rows and request.member:
            subject = reply.subject or next(iter(request.subjects), "")
            request.store.remember(request.account, request.invocation.id, command, subject, request.now)
        return self._answer(request, reply, command)

    def _take_out(self, request: Request) -> bool:
        """Words about a patient leave a shared room, whether or not they could be used."""
        return request.was_taken_out or (self.table.is_private(request.invocation.text) and request.take_out())

    def _parse(self, request: Request) -> Parsed:
        reading = Reading(
            request.now,
            request.zone,
            lambda: request.members,
            self.settings.teams.disciplines,
            request.thread_subject,
            request.invocation.fields,
        )
        for words in request.invocation.fields.values():
            check_text(words)
        return parse(request.invocation.text, self.table, reading)

    def _check_right(self, request: Request, parsed: Parsed) -> None:
        action = parsed.command.action
        if action is None:
            return
        me = request.me
        if not may(me, action, request.now, case=me.case):
            raise Refusal(f"You may not {action.value} here; that is for: {holders(action)}.")

    def _answer(self, request: Request, reply: Reply, act: str, *, refused: bool = False) -> Outcome:
        """The audit row and the answer, in the transaction of the act itself."""
        for notice in (request.reply_notice(reply), request.room_notice(reply), *request.outbox):
            if notice is None:
                continue
            request.store.notices.add(notice, request.now)
        subject, *others = dict.fromkeys(sorted(request.subjects, key=_cases_first)) or [""]
        details = {"by": request.invocation.source.value}
        if others:
            details["also"] = ",".join(others)
        if refused and request.asked_for:
            details["asked for"] = request.asked_for
        request.store.audit(
            AuditEntry(
                team=request.store.id,
                at=request.now,
                actor=request.account,
                act=act,
                subject=subject,
                outcome="refused" if refused else "done",
                details=details,
            )
        )
        return Outcome(refused=refused)

    # -- who and where -------------------------------------------------------------------------------------------
    def _request(self, house: Store, invocation: Invocation, now: datetime) -> Request:
        team_id = self._team_id(house, invocation, now)
        wait_for_turn(house.connection, team_id or HOUSE)  # what is read from here on nobody else changes meanwhile
        store = house.of_team(team_id or HOUSE)
        team = store.team() if team_id else None
        member = store.members.get(invocation.account) if team_id else None
        if member and team and member.is_active(now) and invocation.source is not Source.CHAT:
            house.work_in(invocation.place.platform, invocation.account, team.id)
            member = _renamed(store, member, invocation.account_name)
        about = self._thread(house, invocation, team)
        subject, kind = (about.subject, about.kind) if about else ("", "")
        return Request(invocation, now, store, house, self.settings, team, member, subject, kind)

    def _team_id(self, house: Store, invocation: Invocation, now: datetime) -> str | None:
        """The room's team; in private the one spoken to last, as long as the person is in it."""
        place = invocation.place
        if not place.direct:
            return house.team_of_room(place.platform, place.room)
        mine = house.teams_of_account(invocation.account)
        last = house.last_team(place.platform, invocation.account)
        ordered = sorted(mine, key=lambda team: team != last)
        return next((t for t in ordered if _is_in(house.of_team(t), invocation.account, now)), None)

    def _thread(self, house: Store, invocation: Invocation, team: Team | None) -> Notice | None:
        """What the message that was answered is about, or else the thread that it stands in."""
        place, message = invocation.place, invocation.reply_to
        for answered in (message.message if message else None, place.thread):
            notice = house.notices.at_message(place.platform, place.room, answered) if answered and team else None
            if notice and team and notice.team == team.id:
                return notice
        return None

    # -- first contact and failure -------------------------------------------------------------------------------
    def _arrive(self, house: Store, invocation: Invocation, now: datetime) -> None:
        """Greet a room once, and in private only somebody who has not been greeted elsewhere."""
        place = invocation.place
        if house.is_first_contact(place.platform, f"room {place.room}", now):
            is_stranger = house.is_first_contact(place.platform, invocation.account, now)
            if is_stranger or not place.direct:
                self._say_hello(house, invocation, now, private=False)

    def _say_hello(
        self, house: Store, invocation: Invocation, now: datetime, *, private: bool, has_team: bool = False
    ) -> None:
        place = invocation.place
        house.notices.add(
            Notice(
                key=f"hello:{place.platform}:{invocation.account if private else place.room}",
                team=HOUSE,
                kind="hello",
                act=Act.WHISPER if private and not place.direct else Act.POST,
                platform=place.platform,
                room=place.room,
                direct=place.direct,
                account=invocation.account if private else "",
                card=encode(common.hello(self.settings.bot.name, has_team=has_team, direct=place.direct)),
            ),
            now,
        )

    def _apologise(self, invocation: Invocation, hand: Hand | None) -> Outcome:
        """Nothing was changed; say so, and keep the invocation from being tried for ever."""
        now = self.clock.now()
        with self.database.transaction() as connection:
            house = Store(connection, self.ring, hand)
            house.take_in(invocation.place.platform, invocation.id, now)
            request = self._request(house, invocation, now)
            return self._answer(request, Reply(common.failure(), Audience.ASKER), "failed", refused=True)


def _cases_first(subject: str) -> bool:
    """An act that touches a case stands in the trail under the case."""
    return not subject.startswith("C-")


def _is_in(store: TeamStore, account: str, now: datetime) -> bool:
    member = store.members.get(account)
    return member is not None and member.is_active(now)


def _renamed(store: TeamStore, member: Member, name: str) -> Member:
    """A member is called as the platform says, once the platform has said it."""
    if name and member.name != name and member.name == own_part(member.account):
        member = replace(member, name=name)
        store.members.save(member)
    return member
