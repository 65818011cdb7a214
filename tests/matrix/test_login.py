"""All ways into an account end with a device that its identity has signed."""

import secrets
from dataclasses import replace

import pytest

from adapters.matrix import Credentials, LoginRefused, log_in, log_out, said_about
from adapters.matrix.http import Homeserver
from adapters.matrix.login import register
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Drawers
from tests.matrix.synapse import SECRET, SERVER


def test_login_by_token_and_by_registration(play: Play) -> None:
    """Without a password: by a token that was made elsewhere, and by the secret that makes accounts (fact 14)."""

    async def story(house: House) -> None:
        name = f"token-{secrets.token_hex(4)}"
        async with Homeserver(house.url) as server:
            await register(server, name, PASSWORD, SECRET)
            login = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": name},
                "password": PASSWORD,
            }
            given = await server.call("POST", "/login", login)
        made = f"made-{secrets.token_hex(4)}"
        ways = (Credentials(name, token=given["access_token"]), Credentials(made, registration_secret=SECRET))
        for way in ways:
            setup, drawer = replace(house.setup, folder=house.folder / way.user), Drawers()
            session = await log_in(setup, drawer, way)
            assert session.account == f"@{way.user}:{SERVER}"
            said = {about: (value, well) for about, value, well in await said_about(setup, drawer)}
            assert said["device signature"] == ("signed", True)
            assert await log_out(setup, drawer)
            assert not (setup.folder / "crypto.db").exists()
            assert [well for _, _, well in await said_about(setup, drawer)] == [False]
            assert drawer.names("identity/"), "people who have verified the bot need not do it again"

    play(story)


def test_refused_login_says_why(play: Play) -> None:
    """A wrong password and a homeserver that is not there are told apart, and leave no login."""

    async def story(house: House) -> None:
        drawer = Drawers()
        with pytest.raises(LoginRefused, match="M_FORBIDDEN"):
            await log_in(house.setup, drawer, Credentials(house.name, "wrong"))
        nowhere = replace(house.setup, homeserver="http://127.0.0.1:9")
        with pytest.raises(LoginRefused, match="does not answer"):
            await log_in(nowhere, drawer, Credentials(house.name, PASSWORD))
        assert not drawer.names("session")

    play(story)
