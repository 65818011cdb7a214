"""A bare nio bot that says back what it hears: what the adapter is measured against."""

import asyncio
import sys
import tempfile
from typing import Any

from nio import AsyncClient, AsyncClientConfig, RoomMessageText


async def main(url: str, account: str, password: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        client = AsyncClient(url, account, store_path=folder, config=AsyncClientConfig(encryption_enabled=True))
        await client.login(password)
        await client.keys_upload()
        await client.sync(timeout=0, full_state=True)

        async def invited(room: Any, _event: Any) -> None:
            await client.join(room.room_id)

        async def heard(room: Any, event: Any) -> None:
            if event.sender != account:
                content = {"msgtype": "m.text", "body": f"echo {event.body}"}
                await client.room_send(room.room_id, "m.room.message", content, ignore_unverified_devices=True)

        from nio import InviteMemberEvent

        client.add_event_callback(invited, InviteMemberEvent)
        client.add_event_callback(heard, RoomMessageText)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await client.sync_forever(timeout=30_000)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
