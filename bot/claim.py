"""What one instance takes from the outbox at a time, looked at again before it goes out."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.card import Card, decode, encode
from adapters.platform import NotDelivered
from bot.lanes import Lanes, Parcel
from bot.notices import digest, render
from bot.present.common import not_taken_out
from bot.sending import Later, Nudge, Rendered, Sending, TeamNow, needs_room, tell_of_dead
from bot.settings import Settings
from bot.standing import Standing
from conference.case import digest as digest_of
from storage.notice import POST, Lane
from storage.notices import TAKEN_OUT, Act, Notice, NoticeState
from storage.store import HOUSE, Store

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Notices of one lane that are looked at in one transaction."""
Members = Mapping[tuple[str, str], frozenset[str] | None]
Takes = Callable[[Notice], bool]


class Claim:
    """What is held in one transaction: notices that are due, looked at again, and gathered where one person hears."""

    def __init__(
        self, lanes: Lanes, settings: Settings, now: datetime, standing: Standing, members: Members, takes: Takes
    ) -> None:
        self.now, self._lanes, self._settings, self._members, self.takes = now, lanes, settings, members, takes
        self.holder, self._good_until = standing.holder, standing.good_until
        self._teams: dict[str, TeamNow] = {}
        self.left: dict[Lane, bool] = {}
        """Where something else was said because of what was looked at."""
        self.is_whole = standing.is_alone
        """Whether nothing is left for another look: others may say something in these lanes, which waits for us."""
        self.found: list[Parcel] = []
        self.taken: list[Parcel] = []
        """What has its place in its lane."""
        self.has_moved = False
        """Whether there was anything to look at."""

    def reserve(self, notice: Notice) -> None:
        """What is said because of this, and needs no look of its own, goes along."""
        card = decode(notice.card) if notice.card else Card("")
        self.found.append(Parcel((notice,), card, notice.key, self._good_until))

    def lane(self, house: Store, lane: Lane, *, is_probe: bool = False) -> None:
        """Take what is due there; of a platform that is only tried, one message."""
        nudges: dict[tuple[str, ...], list[tuple[Notice, Nudge]]] = {}
        due = house.notices.due(lane, self.now, limit=1 if is_probe else AT_ONCE)
        self.is_whole &= not is_probe and len(due) < AT_ONCE
        for notice in due:
            ready = self._after_its_post(house, notice)
            if ready is None:
                self.is_whole = False
                break
            self.has_moved = True
            if needs_room(ready) and (ready.platform, ready.room) not in self._members:
                self.is_whole = False
                break  # it came after the look at the rooms: the next look will see it
            if nudge := self._looked_at(house, ready, is_probe=is_probe):
                nudges.setdefault((nudge.account, ready.team, ready.batch), []).append((ready, nudge))
        self.found += [self._gathered(house, pairs, is_probe=is_probe) for pairs in nudges.values()]

    def _after_its_post(self, house: Store, notice: Notice) -> Notice | None:
        """The notice; one that edits a post that was not out yet, with the message that it became. None: it still waits."""
        if POST not in notice.words:
            return notice
        post = house.notices.by_id(int(notice.words[POST]))
        if post is None or post.state in (NoticeState.DEAD, NoticeState.DROPPED):
            return replace(notice, kind="")  # there is nothing to be brought up to date
        if post.state is NoticeState.SENT:
            return replace(notice, room=post.room, words={**notice.words, "message": post.message})
        if post.not_before is not None and post.not_before > self.now:  # it gave up its place, and so does this
            house.notices.mark(notice, NoticeState.NEW, not_before=post.not_before)
        return None

    def take(self) -> None:
        """Give everything its place, in the order in which it was decided."""
        for parcel in sorted(self.found, key=lambda p: p.first.id):
            self._lanes.reserve(parcel)
            self.taken.append(parcel)

    def _looked_at(self, house: Store, notice: Notice, *, is_probe: bool) -> Nudge | None:
        """Read again what it is about: a nudge is given back, to be gathered with others."""
        in_room = self._members.get((notice.platform, notice.room))
        match what := _rendered(
            Sending(house, notice, self.now, self._settings, in_room, self._team(house, notice.team))
        ):
            case NotDelivered():
                house.notices.mark(notice, NoticeState.DEAD, why=what.kind[:64], settled_at=self.now)
                buried(house, notice, self.now)
            case None:
                house.notices.mark(notice, NoticeState.DROPPED, why="no longer applies", settled_at=self.now)
            case Later():
                rule = " ".join(dict.fromkeys([*notice.rule.split(), what.because]))
                anew = {"attempts": 0, "strikes": 0}  # nobody has to wait for it in the meantime
                house.notices.mark(notice, NoticeState.NEW, not_before=what.at, due_at=what.at, rule=rule, **anew)
            case Nudge():
                return what
            case Card():
                house.notices.hold(notice, self.holder, rule=notice.rule)
                held = replace(notice, holder=self.holder)
                self.found.append(Parcel((held,), what, notice.key, self._good_until, is_probe))
        return None

    def _team(self, house: Store, team: str) -> TeamNow:
        """The team as this transaction sees it, read once for all that is looked at."""
        if team not in self._teams:
            self._teams[team] = TeamNow(house.of_team(team), self.now)
        return self._teams[team]

    def _gathered(self, house: Store, pairs: list[tuple[Notice, Nudge]], *, is_probe: bool) -> Parcel:
        """One message for all that one person is to hear now.

        Its key names all of them, so that none is taken for sent. While it may have arrived, it goes out again under
        that key, without what has come since.
        """
        keys = [notice.key for notice, _ in pairs]
        batch = pairs[0][0].batch or _batch(keys)
        key = keys[0] if batch == _batch(keys[:1]) else f"digest:{batch}"
        notices = []
        for notice, nudge in pairs:
            house.notices.hold(notice, self.holder, batch=batch, rule=nudge.rule)
            notices.append(replace(notice, account=nudge.account, holder=self.holder, batch=batch))
        return Parcel(tuple(notices), digest([nudge for _, nudge in pairs]), key, self._good_until, is_probe)


def _batch(keys: Sequence[str]) -> str:
    return digest_of("\n".join(keys))[:40]


def _rendered(sending: Sending) -> Rendered | NotDelivered:
    """What to send; a notice that cannot even be rendered must not stop those behind it."""
    try:
        return render(sending)
    except Exception as failure:
        log.error("notice %s cannot be rendered: %s", sending.notice.id, type(failure).__name__)
        return NotDelivered(type(failure).__name__, final=True)


def buried(house: Store, notice: Notice, now: datetime) -> None:
    """Somebody has to know: the author of a message that stays in the room, the coordinators of what a team misses."""
    if notice.kind == TAKEN_OUT:
        house.notices.add(_please_delete(notice), now)
    elif notice.team != HOUSE:
        tell_of_dead(house.of_team(notice.team), notice, now)


def _please_delete(notice: Notice) -> Notice:
    """Ask the author to remove what the platform does not let the bot remove."""
    card = encode(not_taken_out())
    return replace(notice, key=f"{notice.key}:asked", kind="reply", act=Act.WHISPER, words={}, card=card)
