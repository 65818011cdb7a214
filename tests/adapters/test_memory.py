"""The platform in memory fails as networks do, when it is told to."""

import asyncio

import pytest

from adapters.card import Card
from adapters.memory import MemoryPlatform
from adapters.platform import NotDelivered, Outcome, Place

ROOM = Place("memory", "case-room")


def test_failed_post_was_seen_by_nobody() -> None:
    """A plain failure leaves nothing behind; the next try posts."""
    platform = MemoryPlatform()
    platform.fail(2, kind="rate_limited", retry_after=3.0)

    async def story() -> None:
        for _ in range(2):
            with pytest.raises(NotDelivered) as caught:
                await platform.post(ROOM, Card("x"), "1")
            assert (caught.value.retry_after, caught.value.unknown) == (3.0, False)
        assert not platform.messages
        await platform.post(ROOM, Card("x"), "1")

    asyncio.run(story())
    assert [said.key for said in platform.messages] == ["1"]
    assert platform.calls == 3 * ["post 1"]


@pytest.mark.parametrize("taken", [True, False])
def test_unknown_outcome(taken: bool) -> None:
    """Whether the platform took it or not, the caller cannot tell; the same key again posts once in all."""
    platform = MemoryPlatform()
    platform.fail(unknown=True, taken=taken)

    async def story() -> None:
        with pytest.raises(NotDelivered) as caught:
            await platform.post(ROOM, Card("x"), "1")
        assert caught.value.unknown
        assert len(platform.messages) == taken
        await platform.post(ROOM, Card("x"), "1")

    asyncio.run(story())
    assert len(platform.messages) == 1


def test_faults_hit_edits_and_redactions_too() -> None:
    """An edit that failed changed nothing; what a message said before is kept for the test to see."""
    platform = MemoryPlatform()

    async def story() -> None:
        ref = await platform.whisper(ROOM, "dana", Card("one"), "1")
        platform.fail(2, final=True)
        with pytest.raises(NotDelivered):
            await platform.edit(ref, Card("two"))
        with pytest.raises(NotDelivered):
            await platform.redact(ref)
        await platform.edit(ref, Card("three"))

    asyncio.run(story())
    (said,) = platform.messages
    assert (said.to, said.card, said.earlier, said.removed) == ("dana", Card("three"), [Card("one")], False)


def test_nobody_listens_yet() -> None:
    """Words before the platform runs are ignored, not lost in an error."""
    assert asyncio.run(MemoryPlatform().say("dana", ROOM, "!confer help")) == Outcome(ignored=True)
