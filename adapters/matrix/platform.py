"""Matrix as a chat platform: encrypted rooms, a direct room with each person, and a login that outlives the process."""

import asyncio
import logging
import time
from collections.abc import Callable

from adapters.card import Card
from adapters.matrix.admission import Admission
from adapters.matrix.connection import Connection, Counters, number_of
from adapters.matrix.dialogue import Dialogues
from adapters.matrix.direct import DirectRooms
from adapters.matrix.hints import Hints
from adapters.matrix.http import JSON, Homeserver, MatrixRefused, Unreachable, segment
from adapters.matrix.identity import Identity, IdentityTaken
from adapters.matrix.incoming import Incoming
from adapters.matrix.login import Session, session_of
from adapters.matrix.machine import Machine, StoreInUse, StoreLost
from adapters.matrix.offers import Offers
from adapters.matrix.outgoing import Outgoing
from adapters.matrix.people import People
from adapters.matrix.settings import MatrixSetup
from adapters.matrix.sync import Stopped, SyncLoop, patiently
from adapters.matrix.verification import PREFIX as STEPS
from adapters.matrix.verification import Verifications
from adapters.platform import Drawer, MessageRef, NotDelivered, Place, Receive

log = logging.getLogger(__name__)
# nio writes accounts, keys and rooms into its log.
logging.getLogger("nio").setLevel(logging.CRITICAL)

LOOK_EVERY = 0.5  # seconds between two looks at whether the crypto store is free
TIDIED_AFTER, TIDIED_EVERY = 600.0, 86_400.0  # seconds
READY_WITHIN = 20.0  # seconds that a post waits for the first sync
STORE_LOST = (
    "I have lost the keys of my device, so I can neither read nor answer here. My administrator can mend it with "
    "`confer matrix login`; nothing that was decided is lost."
)


class MatrixPlatform:
    """The bot's account on one homeserver. What it needs across restarts is in the drawer and the crypto store."""

    name = "matrix"

    def __init__(self, setup: MatrixSetup, drawer: Drawer, clock: Callable[[], float] = time.monotonic) -> None:
        self._setup, self._drawer, self._clock = setup, drawer, clock
        self.ready = asyncio.Event()
        """Set while the platform knows its rooms and can post."""
        self._stopped = ""
        self._connection: Connection | None = None
        self._outgoing: Outgoing | None = None

    @property
    def counters(self) -> Counters:
        """How much was read, sent and refused since the start."""
        return self._connection.counters if self._connection else Counters()

    @property
    def account(self) -> str:
        """The bot's own account; "" before it has connected."""
        return self._connection.account if self._connection else ""

    async def run(self, receive: Receive) -> None:
        """Take words in until cancelled. Raises :class:`Stopped` where somebody must act: no login, no keys.

        It can be run again after that, as when another instance has had its turn: everything is read anew, and it goes on
        where that one stopped. While another process has the crypto store it waits.
        """
        self._stopped = ""
        try:
            while not await self._has_run(receive):  # noqa: ASYNC110 - another process will not tell
                await asyncio.sleep(LOOK_EVERY)
        except Stopped as stopped:
            self._stopped = stopped.kind
            log.error("Matrix has stopped: %s", stopped.kind)
            raise
        finally:
            self.ready.clear()

    # -- what the bot says ---------------------------------------------------------------------------------------
    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        """Show the card in the room or thread, encrypted. Raises NotDelivered."""
        return await (await self._out()).post(place, card, key)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Show the card in the direct room with the person. Raises NotDelivered."""
        return await (await self._out()).whisper(place, account, card, key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Show another card in the bot's own message. Raises NotDelivered."""
        await (await self._out()).edit(message, card)

    async def redact(self, message: MessageRef) -> None:
        """Take a message out, a person's where the room's rights let the bot. Raises NotDelivered."""
        await (await self._out()).redact(message)

    async def members(self, room: str) -> frozenset[str]:
        """Who can read what is said in the room now, the invited too. Raises NotDelivered."""
        await self._out()
        assert self._connection
        return self._connection.room(room).present - {self._connection.account}

    async def _out(self) -> Outgoing:
        if self._stopped:
            raise NotDelivered(self._stopped, retry_after=60.0)
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self.ready.wait()
        except TimeoutError:
            raise NotDelivered("not_connected", retry_after=5.0) from None
        assert self._outgoing
        return self._outgoing

    # -- within --------------------------------------------------------------------------------------------------
    async def _has_run(self, receive: Receive) -> bool:
        """Go on for as long as may be; False at once where another process has the crypto store."""
        session = await session_of(self._drawer)
        if session is None:
            raise Stopped("not_logged_in")
        async with Homeserver(self._setup.homeserver, session.token) as server:
            try:
                machine = Machine(session.account, session.device, self._setup.folder, session.store_key, fresh=False)
            except StoreInUse:
                log.info("another process has the crypto store; waiting for it")
                return False
            except StoreLost:
                await self._say_store_lost(session, server)
                raise Stopped("store_lost") from None
            try:
                await self._go_on(await self._connected(session, server, machine), receive)
            finally:
                machine.close()
        return True

    async def _connected(self, session: Session, server: Homeserver, machine: Machine) -> Connection:
        """The parts, put together, over a crypto store that is the right one."""
        people = People(session.account, self._setup.devices, self._drawer)
        offers = Offers(self._drawer)
        connection = Connection(
            self._setup, self._drawer, server, session.account, session.device, machine, people, offers
        )
        identity = await Identity.kept(session.account, self._drawer)
        state = await patiently(lambda: identity.state(server, session.device, session.fingerprint))
        if machine.fingerprint != session.fingerprint or state == "foreign":
            await self._say_store_lost(session, server)
            raise Stopped("store_lost")
        try:
            await patiently(lambda: identity.publish(server, session.device, machine.sign))
        except (IdentityTaken, MatrixRefused):
            log.error("the bot's device is not signed: strict clients will not read it; log in with the password")
        return connection

    async def _go_on(self, connection: Connection, receive: Receive) -> None:
        hints = Hints(connection, self._clock)
        admission = Admission(connection)
        incoming = Incoming(connection, admission, hints)
        incoming.listen(receive)
        direct = DirectRooms(connection)
        outgoing = Outgoing(connection, direct)
        incoming.forms = Dialogues(connection, direct, incoming)
        identity = await Identity.kept(connection.account, self._drawer)
        verifications = Verifications(connection, identity.master)
        incoming.in_room = verifications.in_room

        async def to_device(event: JSON) -> None:
            await self._to_device(connection, incoming, verifications, event)

        loop = SyncLoop(connection, incoming, admission, to_device)
        incoming.held.again = loop.again
        self._connection, self._outgoing = connection, outgoing
        tidying = asyncio.create_task(self._tidy(connection))
        try:
            # What the first sync hands over is answered at once, so posts must not wait for its end.
            await loop.first(self.ready.set)
            await incoming.held.restore()
            await loop.run()
        finally:
            tidying.cancel()
            loop.close()
            incoming.held.close()
            outgoing.close()
            verifications.close()

    async def _tidy(self, connection: Connection) -> None:
        """Forget, once a day, what nobody will ask for any more; nothing waits for it."""
        while True:
            await asyncio.sleep(TIDIED_AFTER)
            await connection.offers.forget_old()
            await asyncio.sleep(TIDIED_EVERY - TIDIED_AFTER)

    async def _to_device(
        self, connection: Connection, incoming: Incoming, verifications: Verifications, event: JSON
    ) -> None:
        kind, content = str(event.get("type")), event.get("content", {})
        match kind:
            case "m.room.encrypted":
                arrived, private = connection.machine.take_to_device(event)
                for room, session in arrived:
                    await incoming.held.key_came(room, session)
                for sender, said in private:
                    if str(said.get("type")).startswith(STEPS):
                        await verifications.by_device(sender, str(said["type"]), said["content"])
            case _ if kind.startswith(STEPS):
                await verifications.by_device(str(event.get("sender")), kind, content)
            case "m.room_key.withheld":
                incoming.held.withheld(content)
            case _:
                return

    async def _say_store_lost(self, session: Session, server: Homeserver) -> None:
        """The way back, in every room and in clear: nothing else can be said without keys."""
        content = {"msgtype": "m.notice", "body": STORE_LOST, "m.mentions": {}}
        try:
            for room in (await server.call("GET", "/joined_rooms")).get("joined_rooms", []):
                number = number_of("store lost", session.device, room)
                await server.call("PUT", f"/rooms/{segment(room)}/send/m.room.message/{number}", content)
        except (MatrixRefused, Unreachable) as trouble:
            log.warning("the rooms could not be told: %s", trouble)


__all__ = ["MatrixPlatform", "Stopped"]
