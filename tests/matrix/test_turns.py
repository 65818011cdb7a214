"""Several instances, one account: one at a time takes in and says, and the next goes on where it stopped."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from adapters.card import Card
from adapters.matrix import Credentials, LoginRefused, MatrixPlatform, log_in
from adapters.matrix.platform import LOOK_EVERY
from adapters.platform import Place
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import PASSWORD
from tests.matrix.test_whole import Programme, a_team, answers, in_all_rooms
from tests.postgres import Server, server


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_next_instance_goes_on_where_the_first_stopped(play: Play) -> None:
    """It waits for the crypto store, and then has the same device, position, offers and posts; nothing is done twice (fact 17)."""

    async def story(house: House) -> None:
        first = house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        place = Place("matrix", room)
        posted = await first.post(place, Card("Agenda"), "k1")
        second = MatrixPlatform(house.setup, house.drawer)
        waiting = asyncio.create_task(second.run(house.ear.receive))
        await dana.says(room, "!confer to the first")
        await house.ear.hears(1)
        await asyncio.sleep(3 * LOOK_EVERY)  # the time in which a second one would open the store
        assert not second.ready.is_set()
        assert not waiting.done()
        await house.stop()
        await dana.says(room, "!confer between the two")
        async with asyncio.timeout(30):
            await second.ready.wait()
        assert not first.ready.is_set()
        await dana.says(room, "!confer to the second")
        said = [one.text for one in await house.ear.hears(3)]
        assert said == ["to the first", "between the two", "to the second"]
        assert second.account == house.bot
        assert await second.post(place, Card("Agenda"), "k1") == posted
        await second.post(place, Card("Answer"), "k2")
        await dana.hears(room, "Answer")
        assert [h.text for h in dana.sees(room) if h.text == "Agenda"] == ["Agenda"]
        # It loses its turn, and gets it again.
        await ended(waiting)
        assert not second.ready.is_set()
        again = asyncio.create_task(second.run(house.ear.receive))
        await dana.says(room, "!confer to the second again")
        assert (await house.ear.hears(4))[-1].text == "to the second again"
        await second.post(place, Card("Answer again"), "k3")
        await dana.hears(room, "Answer again")
        await ended(again)

    play(story)


def test_nobody_logs_in_beside_a_bot_that_runs(play: Play) -> None:
    """A login makes a new crypto store: not while somebody has the old one open."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        with pytest.raises(LoginRefused, match="Stop it"):
            await log_in(house.setup, house.drawer, Credentials(house.name, PASSWORD))
        await house.platform.post(Place("matrix", room), Card("Still here"), "k1")
        await dana.hears(room, "Still here")

    play(story)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


def test_two_instances_on_one_database(play_long: Play, postgres: Server) -> None:
    """Each command is carried out once and answered once; killed with -9, the sender is followed by the other one."""

    async def story(house: House) -> None:
        async with Programme(house, CONFER_STORAGE_DATABASE=postgres.empty()) as first:
            second = first.beside()
            first.start()
            dana = await house.person("dana")
            room = await a_team(first, dana)
            second.start()
            try:
                await dana.says(room, '!confer task add "Before the kill" due fri')
                await in_all_rooms(dana, first, "Before the kill")
                first.kill()
                await dana.says(room, '!confer task add "After the kill" due fri')
                await in_all_rooms(dana, second, "After the kill")
                await dana.says(room, "!confer tasks team")
                listed = await in_all_rooms(dana, second, "T-1", "T-2")
                assert "T-3" not in listed
                for words in ("Before the kill", "After the kill"):
                    assert len([t for t in answers(dana, second, words) if t != listed]) == 1
            finally:
                second.kill()

    play_long(story)
