"""Emoji are compared from a person's client, in all the ways in which clients begin."""

import asyncio
import json
from typing import Any

import vodozemac
from nio.crypto.sas import Sas as NioSas

from adapters.matrix import DevicePolicy, compare
from adapters.matrix.people import Pin
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import Person, identity_of
from tests.matrix.test_whole import Programme, a_team


async def comparing(house: House, seen: list[str], *, agree: bool = True) -> bool:
    """What an administrator does with ``confer matrix verify``."""

    def same(_person: str, emoji: str) -> bool:
        seen.append(emoji)
        return agree

    return await compare(house.drawer, same, lambda _line: None)


def shown(drawn: Any) -> str:
    emoji = "  ".join(f"{sign} {name}" for sign, name in (NioSas.emoji[index] for index in drawn.emoji_indices))
    return f"{emoji} (or the numbers {' '.join(map(str, drawn.decimals))})"


async def begun_by_device(bot: str, dana: Person) -> Any:
    """A verification that the person's client starts at once, between two devices."""
    if dana.client.should_query_keys:
        await dana.client.keys_query()
    (device,) = [d for d in dana.client.device_store[bot].values() if not d.deleted]
    await dana.client.start_key_verification(device)
    return await dana.until(lambda: next(iter(dana.client.key_verifications.values()), None), "a verification")


def test_started_between_two_devices(play: Play) -> None:
    """The same emoji on both sides; after it the bot's device is verified there, and the person's here."""

    async def story(house: House) -> None:
        house.start(devices=DevicePolicy.VERIFIED)
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer early")
        await dana.hears(room, "only act for people who have verified me")
        emoji: list[str] = []
        comparer = asyncio.create_task(comparing(house, emoji))
        sas = await begun_by_device(house.bot, dana)
        await dana.until(lambda: sas.established_sas and emoji, "the emoji")
        assert emoji == [shown(sas.established_sas.bytes(sas._extra_info))]
        await dana.client.confirm_short_auth_string(sas.transaction_id)
        assert await comparer
        await dana.until(lambda: sas.verified, "the bot's word")
        assert sas.other_olm_device.verified
        await until_pinned(house, dana)
        await dana.says(room, "!confer agenda")
        assert [one.text for one in await house.ear.hears(1)] == ["agenda"]

    play(story)


async def until_pinned(house: House, dana: Person) -> Pin:
    name = f"pin/{dana.account}"
    async with asyncio.timeout(10):
        while True:
            pin = json.loads(house.drawer.kept.get(name, b"{}"))
            if pin.get("devices") or pin.get("verified"):
                return Pin(pin["master"], pin["verified"], tuple(pin["devices"]))
            await asyncio.sleep(0.02)  # a drawer tells nobody


def test_administrator_compares_by_the_command(play: Play) -> None:
    """``confer matrix verify`` beside the running bot: it shows the person's emoji, and yes verifies both."""

    async def story(house: House) -> None:
        async with Programme(house) as programme:
            programme.start()
            dana = await house.person("dana")
            await a_team(programme, dana)
            administrator = await programme.begin("matrix", "verify")
            said = administrator.stdout
            assert said
            assert "start the verification in your client" in (await said.readline()).decode()
            sas = await begun_by_device(programme.bot, dana)
            asked = (await said.readuntil(b"yes/no: ")).decode()
            assert asked.startswith(f"{dana.account} should see: ")
            await dana.until(lambda: sas.established_sas, "the emoji")
            assert shown(sas.established_sas.bytes(sas._extra_info)) in asked
            await dana.client.confirm_short_auth_string(sas.transaction_id)
            out, _ = await administrator.communicate(b"yes\n")
            assert "Told the bot" in out.decode()
            assert administrator.returncode == 0
            await dana.until(lambda: sas.verified, "the bot's word")
            assert sas.other_olm_device.verified
            assert "verified" in programme.log()

    play(story)


def test_different_emoji_trust_nobody(play: Play) -> None:
    """Where the administrator sees others, both sides learn that it was cancelled."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        await house.room("case-room", dana)
        comparer = asyncio.create_task(comparing(house, [], agree=False))
        sas = await begun_by_device(house.bot, dana)
        assert not await comparer
        await dana.until(lambda: sas.canceled, "the cancellation")
        assert not json.loads(house.drawer.kept.get(f"pin/{dana.account}", b'{"devices": []}'))["devices"]

    play(story)


def test_requested_in_the_direct_room(play: Play) -> None:
    """As Element begins: a request in the direct room, ready, start, and so on to done; the identity is pinned (fact 14)."""

    async def story(house: House) -> None:
        house.start(devices=DevicePolicy.VERIFIED)
        dana = await house.person("dana")
        room = await house.direct(dana)
        emoji: list[str] = []
        comparer = asyncio.create_task(comparing(house, emoji))
        request = {
            "msgtype": "m.key.verification.request",
            "to": house.bot,
            "from_device": dana.client.device_id,
            "methods": ["m.sas.v1"],
        }
        number = await dana.says(room, "asks for verification", **request)
        side = Side(house, dana, room, number)
        ready = await side.gets("ready")
        assert ready["methods"] == ["m.sas.v1"]
        own, theirs = await side.agrees(str(ready["from_device"]))
        info = "|".join(("MATRIX_KEY_VERIFICATION_SAS", *own, *theirs, number))
        assert await comparer
        assert emoji == [shown(side.established.bytes(info))]
        await side.proves(own[:2], theirs[:2])
        mac = await side.gets("mac")
        assert len(mac["mac"]) == 2
        await side.gets("done")
        pin = await until_pinned(house, dana)
        assert (pin.master, pin.verified) == (identity_of(dana.account).master, True)
        await dana.says(room, "agenda")
        assert [one.text for one in await house.ear.hears(1)] == ["agenda"]

    play(story)


class Side:
    """A person's side of a verification in a room."""

    def __init__(self, house: House, person: Person, room: str, number: str) -> None:
        self.house, self.person, self.room, self.number = house, person, room, number
        self.sas = vodozemac.Sas()
        self.established: Any = None

    async def gets(self, step: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            heard = self.person.heard.get(self.room, {}).values()
            steps = (h for h in heard if h.sender == self.house.bot and h.type == f"m.key.verification.{step}")
            return next((h.content for h in steps), None)

        return await self.person.until(found, step)  # type: ignore[no-any-return]

    async def sends(self, step: str, content: dict[str, Any]) -> dict[str, Any]:
        whole = {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": self.number}}
        client = self.person.client
        await client.room_send(self.room, f"m.key.verification.{step}", whole, ignore_unverified_devices=True)
        return whole

    async def agrees(self, device: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        start = {
            "from_device": self.person.client.device_id,
            "method": "m.sas.v1",
            "key_agreement_protocols": ["curve25519-hkdf-sha256"],
            "hashes": ["sha256"],
            "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
            "short_authentication_string": ["decimal", "emoji"],
        }
        await self.sends("start", start)
        accept = await self.gets("accept")
        assert accept["message_authentication_code"] == "hkdf-hmac-sha256.v2"
        key = self.sas.public_key.to_base64()
        await self.sends("key", {"key": key})
        other = str((await self.gets("key"))["key"])
        self.established = self.sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(other))
        return (self.person.account, str(self.person.client.device_id), key), (self.house.bot, device, other)

    async def proves(self, own: tuple[str, ...], theirs: tuple[str, ...]) -> None:
        master = identity_of(self.person.account).master
        keys = {
            f"ed25519:{own[1]}": self.person.client.olm.account.identity_keys["ed25519"],
            f"ed25519:{master}": master,
        }
        base = "".join(("MATRIX_KEY_VERIFICATION_MAC", *own, *theirs, self.number))
        mac = {name: self.established.calculate_mac(key, base + name) for name, key in keys.items()}
        names = self.established.calculate_mac(",".join(sorted(keys)), base + "KEY_IDS")
        await self.sends("mac", {"mac": mac, "keys": names})
