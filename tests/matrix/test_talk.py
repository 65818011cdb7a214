"""What is said in encrypted rooms reaches the bot, and what the bot says reaches people."""

from adapters.card import Actions, Button, Card, Text
from adapters.platform import Place, Source
from tests.matrix.conftest import Play
from tests.matrix.house import House

OFFER = Card("Preview of C-7K2P", (Actions((Button("Approve", "case approve C-7K2P", "✅"),)),))


def test_command_and_answer_in_an_encrypted_room(play: Play) -> None:
    """A command is read, its answer is read, and neither is in clear on the homeserver."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer tasks mine")
        (heard,) = await house.ear.hears()
        assert (heard.text, heard.source, heard.account) == ("tasks mine", Source.TYPED, dana.account)
        assert heard.place == Place("matrix", room)
        await house.platform.post(heard.place, Card("Nothing is due", (Text("Rest & *sleep*"),)), "k1")
        seen = await dana.hears(room, "Nothing is due", by=house.bot)
        assert seen.encrypted
        assert "Rest & *sleep*" in seen.text
        assert "<strong>Nothing is due</strong>" in seen.content["formatted_body"]

    play(story)
