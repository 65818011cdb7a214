"""Forms as a guided dialogue in the direct room: one question at a time, and what was answered outlives a restart."""

import asyncio

import msgspec

from adapters.card import Form
from adapters.matrix.connection import Connection, number_of
from adapters.matrix.direct import DirectRooms
from adapters.matrix.forms import BACK, CANCEL, SEND, SKIP, Unfit, filled_in, fitting, overview, question, whole
from adapters.matrix.inbound import Words
from adapters.matrix.incoming import Incoming, Origin
from adapters.matrix.offers import Offer
from adapters.matrix.render import message, plain_piece
from adapters.matrix.rooms import Room
from adapters.platform import MessageRef, Source

KEPT = "draft"


class Draft(msgspec.Struct):
    """A form on the way. ``seen``: the newest answer that was taken; after a stop it may come again."""

    form: Form
    offer: Offer
    room: str
    given: dict[str, str] = msgspec.field(default_factory=dict)
    newest: str = ""
    """The newest offer of the room when the form was opened: a later one may be chosen from by number."""
    at: int = 0
    seen: str = ""

    @property
    def is_whole(self) -> bool:
        return self.at >= len(self.form.fields)

    def words(self) -> str:
        return overview(self.form, self.given) if self.is_whole else question(self.form, self.at, self.given)


class Dialogues:
    """One form a person at a time, asked in the person's direct room."""

    def __init__(self, connection: Connection, direct: DirectRooms, incoming: Incoming) -> None:
        self._connection, self._direct, self._incoming = connection, direct, incoming
        self._drafts: dict[str, Draft | None] = {}

    async def begin(self, origin: Origin, offer: Offer, form: Form) -> None:
        """Ask for the form's first field, where only this person reads it."""
        room = await self._direct.with_person(origin.sender)
        newest = await self._connection.offers.newest(room.id)
        draft = Draft(form, offer, room.id, seen=origin.number, newest=newest.message if newest else "")
        await self._keep(origin.sender, draft)
        await self._say(room, f"{form.title or form.label}\n{draft.words()}", origin)

    async def heard(self, room: Room, origin: Origin, words: Words) -> bool:
        """Whether the words were about a form."""
        if words.said is not None and not words.reply_to:
            return False  # a command goes its own way, in the middle of a form too
        text = words.said if words.said is not None else words.text
        direct = room.is_direct(self._connection.account)
        draft = await self._draft(origin.sender) if direct else None
        offers = self._connection.offers
        offer = await offers.find(words.reply_to) if words.reply_to else None
        if offer is None and direct:
            offer = await offers.newest(room.id)
        if draft and draft.room == room.id:
            if offer and offer.message not in (draft.newest, draft.offer.message) and offer.numbered(text):
                return False
            if await self._filled(origin, room, text, draft.offer, draft.form):
                return True
            return await self._answered(room, origin, draft, text)
        return await self._filled(origin, room, text, offer, offer.forms[0]) if offer and offer.forms else False

    # -- one message ---------------------------------------------------------------------------------------------
    async def _filled(self, origin: Origin, room: Room, text: str, offer: Offer, form: Form) -> bool:
        try:
            given = filled_in(form, text)
            if given is None:
                return False
            draft = await self._draft(origin.sender)
            before = draft.given if draft and draft.form == form else {}
            fields = whole(form, {**before, **given})
        except Unfit as unfit:
            await self._say(room, f"{unfit} Nothing was sent; please send it again.", origin)
            return True
        await self._submit(room, origin, Draft(form, offer, room.id, fields, at=len(form.fields)))
        return True

    # -- one question --------------------------------------------------------------------------------------------
    async def _answered(self, room: Room, origin: Origin, draft: Draft, text: str) -> bool:
        said = text.strip()
        word = said.casefold().strip("`.")
        if origin.number == draft.seen:
            await self._say(room, draft.words(), origin)  # it was taken before a stop; only the question may be missing
            return True
        if word == CANCEL:
            await self._forget(origin.sender)
            await self._say(room, "Forgotten; nothing was sent.", origin)
            return True
        if draft.is_whole and word == SEND:
            await self._submit(room, origin, draft)
            return True
        try:
            self._step(draft, word, said)
        except Unfit as unfit:
            await self._say(room, f"{unfit}\n{draft.words()}", origin)
            return True
        draft.seen = origin.number
        await self._keep(origin.sender, draft)
        await self._say(room, draft.words(), origin)
        return True

    def _step(self, draft: Draft, word: str, said: str) -> None:
        if word == BACK:
            draft.at = max(draft.at - 1, 0)
            return
        if draft.is_whole:
            raise Unfit(f"Say `{SEND}` to send it.")
        field = draft.form.fields[draft.at]
        draft.given[field.name] = fitting(field, draft.given.get(field.name, field.value) if word == SKIP else said)
        draft.at += 1

    async def _submit(self, room: Room, origin: Origin, draft: Draft) -> None:
        try:
            fields = whole(draft.form, draft.given)
        except Unfit as unfit:
            await self._say(room, str(unfit), origin)
            return
        offer = draft.offer
        shown = MessageRef(self._connection.lasting(offer.room), offer.message)
        place = offer.place("matrix")
        outcome = await self._incoming.hand(origin, place, draft.form.command, Source.FORM, None, shown, fields)
        if outcome.refused:
            draft.given, draft.at, draft.room = fields, len(draft.form.fields), room.id
            await self._keep(origin.sender, draft)
        else:
            await self._forget(origin.sender)

    # -- within --------------------------------------------------------------------------------------------------
    async def _say(self, room: Room, text: str, origin: Origin) -> None:
        content = message(plain_piece(text))
        await self._connection.send(room, "m.room.message", content, number_of("form", origin.number))

    async def _draft(self, account: str) -> Draft | None:
        if account not in self._drafts:
            kept = await self._connection.kept(f"{KEPT}/{account}")
            self._drafts[account] = msgspec.msgpack.decode(kept, type=Draft) if kept else None
        return self._drafts[account]

    async def _keep(self, account: str, draft: Draft) -> None:
        self._drafts[account] = draft
        await self._connection.keep(f"{KEPT}/{account}", msgspec.msgpack.encode(draft))

    async def _forget(self, account: str) -> None:
        self._drafts[account] = None
        await asyncio.to_thread(self._connection.drawer.delete, f"{KEPT}/{account}")
