"""One keyboard, many people: carries out what is typed at the console, line by line."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

from adapters.card import Button, Field
from adapters.console import lines
from adapters.console.forms import Offer, answer, named_field
from adapters.console.lines import LONGEST_TEXT, Mistake
from adapters.console.offers import newest_labelled, reaction
from adapters.console.platform import ConsolePlatform
from adapters.console.render import cells
from adapters.console.world import BOT, PLATFORM, Message, is_direct
from adapters.platform import Outcome, Place

FIRST_SPEAKER = "you"
CANCEL = "/cancel"
CARRY_TEXT = ("fill", "edit")
LONGEST_REST = 1000
FAR = 3660
"""The most days that the clock moves at once: more is a slip of the keyboard."""

DONE = Outcome()
Ask = Callable[[Field], Awaitable[str | None]]
"""Asks for the field, which has its present value; None where there is no answer to come."""


@dataclass(frozen=True, slots=True)
class SlashLine:
    usage: str
    does: str
    carry_out: Callable[["Keyboard", str], Awaitable[Outcome]]


class Keyboard:
    """Who speaks now and where, and what each line does. ``closed`` once somebody typed ``/quit``."""

    def __init__(self, platform: ConsolePlatform, ask: Ask, *, asks_at_once: bool = False) -> None:
        """``asks_at_once``: pressing a form's button starts asking for its fields."""
        self._platform = platform
        self._world = platform.world
        self._ask = ask
        self._asks_at_once = asks_at_once
        self.speaker = FIRST_SPEAKER
        self.room: str | None = None
        self.thread: Message | None = None
        self.closed = False

    @property
    def account(self) -> str:
        return self.speaker.lower()

    @property
    def here(self) -> str:
        """The room one stands in; ``@dana`` for dana's direct chat with the bot."""
        return self.room or f"@{self.account}"

    async def take(self, line: str) -> Outcome:
        """Carry the line out and wait until all that it set off is on the screen."""
        text = lines.cleaned(line).strip()
        if not text:
            return DONE
        try:
            outcome = await self._carry_out(text)
        except Mistake as mistake:
            self._platform.remark("! " + " ".join(str(mistake).split()), "warning")
            outcome = Outcome(refused=True)
        await self._platform.hooks.settle()
        return outcome

    async def _carry_out(self, text: str) -> Outcome:
        found = lines.slash(text)
        if found is None:
            _not_too_long(text)
            return await self._platform.say(self._entered(), self._place(), text)
        if found.name not in SLASH_LINES:
            near = get_close_matches(found.name[:30], SLASH_LINES, n=1)
            hint = f"did you mean /{near[0]}?" if near else f"/help lists them. To the bot one says !{BOT} …"
            raise Mistake(f"There is no line /{found.name[:30]}; {hint}")
        if found.name not in CARRY_TEXT and len(found.rest) > LONGEST_REST:
            raise Mistake(f"That is too long for /{found.name}: {SLASH_LINES[found.name].usage}")
        return await SLASH_LINES[found.name].carry_out(self, found.rest)

    def _entered(self) -> str:
        """The speaker, who thereby is in the room they stand in."""
        account = self._world.person(self.speaker)
        self._may_be_here(account)
        if self.room and account not in self._world.room(self.room).members:
            self._world.enter(account, self.room)
        return account

    def _may_be_here(self, account: str) -> None:
        if not self._world.may_enter(account, self.here):
            raise Mistake(f"{account} has left #{self.room}. /room {self.room} joins it again.")

    def _place(self) -> Place:
        root = self._world.ref(self.thread).message if self.thread else None
        return Place(PLATFORM, self.here, root, is_direct(self.here))

    def _seen(self, number: int) -> Message:
        message = self._world.number(number)
        if message is None or not self._world.sees(self.account, message, self.here):
            raise Mistake(f"{self.speaker} sees no message {number}.")
        return message

    def _own(self, number: int) -> Message:
        message = self._seen(number)
        if message.author != self.account:
            raise Mistake(f"Message {number} is not {self.speaker}'s own.")
        return message

    # Who speaks, and where.

    async def speak_as(self, rest: str) -> Outcome:
        name = lines.checked_name(rest.removeprefix("@")) if rest else ""
        if not name or name.lower() == BOT:
            raise Mistake(f"{BOT} is the bot itself. Say who speaks: /as dana" if name else "Say who: /as dana")
        self._world.introduce(name)
        self.speaker = name
        if self.room is None:
            self.thread = None
        return DONE

    async def go_to_room(self, rest: str) -> Outcome:
        if not rest:
            raise Mistake("Say which room: /room case-room")
        room = lines.checked_name(rest.removeprefix("#")).lower()
        account = self._world.person(self.speaker)
        is_new = room not in self._world.rooms
        self.room, self.thread = room, None
        if is_new:
            return await self._platform.make_room(account, room)
        self._world.enter(account, room)
        return DONE

    async def go_to_direct(self, rest: str) -> Outcome:
        if rest:
            raise Mistake("/dm goes to the speaker's direct chat with the bot; change the speaker with /as dana")
        self.room = self.thread = None
        return DONE

    async def go_to_thread(self, rest: str) -> Outcome:
        if not rest:
            self.thread = None
            return DONE
        message = self._seen(lines.number_and_rest(rest, "/thread 3")[0])
        if message.to:
            raise Mistake(f"Only {message.to} sees message {message.number}; it can have no thread.")
        self.thread = self._world.number(message.thread) if message.thread else message
        self.room = None if is_direct(message.room) else message.room
        return DONE

    async def invite(self, rest: str) -> Outcome:
        room = self._group_room("/invite")
        names = [name for name in lines.people(rest) if name.lower() != BOT]
        self._entered()
        for name in names:
            self._world.enter(self._world.person(name), room)
        return DONE

    async def leave(self, rest: str) -> Outcome:
        room = self._group_room("/leave")
        accounts = [name.lower() for name in lines.people(rest or self.speaker)]
        for account in accounts:
            if account not in self._world.room(room).members:
                raise Mistake(f"{account} is not in #{room}.")
        for account in accounts:
            self._world.leave(account, room)
        return DONE

    def _group_room(self, line: str) -> str:
        if self.room is None:
            raise Mistake(f"{line} works in a room; go there first: /room case-room")
        return self.room

    # What one does with messages.

    async def press(self, rest: str) -> Outcome:
        label = lines.unquoted(rest.removeprefix("[").removesuffix("]"))
        if not label:
            raise Mistake('Say which button: /press "Approve"')
        message, choice = newest_labelled(self._world, self.account, self.here, label)
        self._enter_where(message)
        if isinstance(choice, Button):
            return await self._platform.press(self.account, message, choice)
        return await self._open(Offer(message, choice))

    async def _open(self, offer: Offer) -> Outcome:
        self._platform.forms.reopen(self.account, offer)
        if self._asks_at_once:
            return await self.fill("")
        first = offer.form.fields[0].name if offer.form.fields else ""
        self._platform.remark(f'The form "{offer.form.label}" is open. /fill {first}="…" answers it, /fill alone asks.')
        return DONE

    async def react(self, rest: str) -> Outcome:
        number, emoji = lines.number_and_rest(rest, "/react 3 ✅")
        message = self._seen(number)
        button = reaction(message, lines.unquoted(emoji))
        self._enter_where(message)
        return await self._platform.press(self.account, message, button)

    async def fill(self, rest: str) -> Outcome:
        account = self.account
        offer = self._platform.forms.newest(account, self.here)
        if rest:
            given = self._given(account, offer, rest)
        else:
            given = await self._asked(account, offer)
        fields = self._platform.forms.fields(account, offer, given)
        self._enter_where(offer.message)
        return await self._platform.submit(account, offer, fields)

    def _given(self, account: str, offer: Offer, rest: str) -> dict[str, str]:
        """The fields that the line names. What is well said is kept, whatever else is wrong with the line."""
        given: dict[str, str] = {}
        slips: list[Mistake] = []
        try:
            for name, value in lines.assignments(rest):
                try:
                    given[named_field(offer.form, name).name] = value
                except Mistake as slip:
                    slips.append(slip)
        except Mistake as slip:
            slips.append(slip)
        if slips:
            self._platform.forms.keep(account, offer, given)
            raise slips[0]
        return given

    async def _asked(self, account: str, offer: Offer) -> dict[str, str]:
        given: dict[str, str] = {}
        for field in offer.form.fields:
            value = self._platform.forms.present_value(account, offer, field)
            said = await self._ask(msgspec.structs.replace(field, value=value))
            if said is None or said.strip() == CANCEL:
                with suppress(Mistake):
                    self._platform.forms.keep(account, offer, given)
                raise Mistake(f"The form was left at {field.name}. Nothing was sent; /fill goes on with it.")
            if (typed := answer(lines.cleaned(said))) is not None:
                given[field.name] = typed
        return given

    def _enter_where(self, message: Message) -> None:
        """Who presses something in the room they stand in is in it."""
        if message.room == self.here:
            self._entered()

    async def edit(self, rest: str) -> Outcome:
        number, text = lines.number_and_rest(rest, "/edit 3 text")
        message = self._own(number)
        if not text:
            raise Mistake("Say the new text: /edit 3 text")
        _not_too_long(text)
        self._platform.rewrite(message, text)
        return DONE

    async def delete(self, rest: str) -> Outcome:
        self._platform.remove(self._own(lines.number_and_rest(rest, "/delete 3")[0]))
        return DONE

    # The console itself.

    async def clock(self, rest: str) -> Outcome:
        hooks = self._platform.hooks
        now, zone = hooks.now(), hooks.zone()
        if rest:
            at = lines.moment(lines.unquoted(rest), now, zone)
            if at < now:
                raise Mistake(f"The clock only goes forward; it is {lines.spoken(now, zone)}.")
            if (at - now).days > FAR:
                raise Mistake("That is more than ten years ahead.")
            await hooks.advance(at)
        self._platform.remark(f"clock {lines.spoken(hooks.now(), hooks.zone())}")
        return DONE

    async def rooms(self, _rest: str) -> Outcome:
        rooms = [room for room in self._world.rooms.values() if not is_direct(room.name)]
        for room in sorted(rooms, key=lambda room: room.name):
            self._platform.remark(f"#{room.name}: {', '.join(sorted(room.members)) or 'nobody'}")
        if not rooms:
            self._platform.remark("No rooms yet. /room case-room makes one.")
        return DONE

    async def who(self, _rest: str) -> Outcome:
        members = sorted(self._world.room(self.room).members) if self.room else [self.account]
        where = f"#{self.room}" if self.room else self.here
        self._platform.remark(f"{self.speaker} speaks in {where}; there: {', '.join(members) or 'nobody'}, {BOT}")
        others = sorted(set(self._world.people) - set(members) - {BOT})
        if others:
            self._platform.remark(f"elsewhere: {', '.join(others)}")
        return DONE

    async def quit(self, _rest: str) -> Outcome:
        self.closed = True
        return DONE

    async def help(self, _rest: str) -> Outcome:
        width = max(cells(line.usage) for line in SLASH_LINES.values()) + 2
        told = [line.usage + " " * (width - cells(line.usage)) + line.does for line in SLASH_LINES.values()]
        told.append(f"All else is a message; in a room the bot hears what begins with !{BOT}")
        self._platform.remark("\n".join(told))
        return DONE


SLASH_LINES = {
    "as": SlashLine("/as dana", "dana speaks from now on", Keyboard.speak_as),
    "room": SlashLine("/room case-room", "go to a room, made on first use", Keyboard.go_to_room),
    "dm": SlashLine("/dm", "go to the direct chat with the bot", Keyboard.go_to_direct),
    "thread": SlashLine("/thread 3", "go to the thread of message 3; alone: leave it", Keyboard.go_to_thread),
    "invite": SlashLine("/invite lee kim", "they join the room", Keyboard.invite),
    "leave": SlashLine("/leave lee", "lee leaves the room", Keyboard.leave),
    "press": SlashLine('/press "Approve"', "press the newest button with that label", Keyboard.press),
    "react": SlashLine("/react 3 ✅", "react to message 3", Keyboard.react),
    "fill": SlashLine('/fill name="…"', "answer the open form; alone: field by field", Keyboard.fill),
    "edit": SlashLine("/edit 3 text", "change your message 3", Keyboard.edit),
    "delete": SlashLine("/delete 3", "take your message 3 back", Keyboard.delete),
    "clock": SlashLine("/clock +2h", "move the clock, also to 2026-12-01T08:00", Keyboard.clock),
    "rooms": SlashLine("/rooms", "the rooms and who is in them", Keyboard.rooms),
    "who": SlashLine("/who", "who speaks, and who is there", Keyboard.who),
    "help": SlashLine("/help", "these lines", Keyboard.help),
    "quit": SlashLine("/quit", "leave", Keyboard.quit),
}


def is_slash_line(text: str) -> bool:
    """Whether the text is a line of the console, rightly named."""
    found = lines.slash(text.strip())
    return found is not None and found.name in SLASH_LINES


def _not_too_long(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise Mistake(f"That has {len(text):,} characters; a message holds {LONGEST_TEXT:,}. Nothing was sent.")
