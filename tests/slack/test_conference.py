"""A whole conference over Slack's protocol: from `team create` to signed minutes, no rule broken, no patient named."""

import asyncio
import re
import sqlite3
from datetime import timedelta

import pytest

from adapters.slack import rules
from tests.slack.harness import play, until
from tests.slack.people import text_of
from tests.slack.whole import START, Ward, make_team, ref, ward

SECRETS = ("Mary Doe", "Lakeview", "Sam Roe")


def nothing_leaked(it: Ward) -> None:
    """No rule broken, and no planted identifier anywhere but in private messages."""
    assert it.slack.world.breaches == []
    assert not [name for name in SECRETS if name in it.in_channel()]
    private = {it.people.direct(who).id for who in ("carla", "pat", "gene", "nora", "thea")}
    for method, args in it.slack.world.sent:
        hidden = "\n".join([*rules.hidden_strings(args), str(args.get("text"))])
        assert not [name for name in SECRETS if name in hidden], method
        if args.get("channel") not in private and method != "chat.postEphemeral" and "blocks" in args:
            shown = "\n".join(rules.texts_of(args["blocks"]))
            assert not [name for name in SECRETS if name in shown], method


@pytest.mark.parametrize("http", [False, True])
def test_a_conference_from_team_to_signed_minutes(http: bool) -> None:
    """Everything a team does in a week, by mentions, slash commands, buttons, a form and a thread."""

    async def story() -> None:
        async with ward(http=http) as it:
            await make_team(it)
            meeting = ref(await it.commands("carla", 'meeting schedule "Case conference" tue 08:00 for 60m'), "M")
            await it.whispers("pat", "case submit")
            preview = await it.fills(
                "pat",
                patient="Mary Doe",
                question="Switch the SSRI or treat the low desire first?",
                background="Mary Doe, 34, low desire since sertraline.\nSeen at Lakeview.",
                people="Sam Roe",
            )
            case = ref(preview, "C")
            assert "34" in preview
            approved = await it.presses("pat", "Approve")
            assert case in approved
            assert case in it.in_channel()
            assert case in await it.says("carla", "agenda build")
            await it.presses("carla", "Lock")
            await it.passes(START + timedelta(days=1))
            assert case in await it.says("pat", "meeting start")
            for _ in range(3):
                await it.presses("pat", "Next")
            decision = ref(await it.says("pat", f'decide {case} "Taper SSRI" because "side effects"'), "D")
            task = ref(await it.says("pat", f'task add "Check TSH" for nursing due fri case {case}'), "T")
            await it.says("pat", "meeting end")
            minutes = await it.says("pat", f"minutes {meeting}")
            assert all(one in minutes for one in (case, decision, task))
            assert f"minutes of {meeting}" in (await it.says("pat", f"minutes sign {meeting}")).lower().replace(
                "m-", "M-"
            )
            nothing_leaked(it)

    play(story)


def test_rights_threads_and_old_buttons() -> None:
    """A person without the right gets a refusal for themselves; a thread knows its task; a button outlives a restart."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            await it.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m')
            await it.says("carla", 'agenda add "Triage form" 10m')
            await it.says("carla", "agenda")
            before = it.in_channel()
            await it.people.presses("nora", it.newest("carla", "Lock"), "Lock")
            refused = await it.new("nora")
            assert "may not" in refused
            assert it.in_channel() == before
            await it.says("carla", 'task add "Check the form" for @nora due fri')
            card = next(m for m in it.channel.messages if "Check the form" in text_of(m) and m.bot_id)
            assert "T-1 is done" in await it.says("nora", "task done", thread=card.ts)
            await it.restarts()
            await it.people.presses("carla", it.newest("carla", "Lock"), "Lock")
            assert "lock" in (await it.new("carla")).lower()
            assert it.slack.world.breaches == []

    play(story)


def test_app_home_holds_no_words() -> None:
    """The home shows references, dates and counts; nothing that anybody typed."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            await it.says("carla", 'meeting schedule "Lakeview round" tue 08:00 for 60m')
            await it.says("carla", 'task add "Call Mary Doe" for @nora due fri')
            await it.people.opens_home("nora")
            await it.new("nora")
            home = await until(lambda: it.slack.world.homes.get(it.people.person("nora").id))
            words = str(home.body)
            assert "T-1" in words
            assert "M-1" in words
            assert not [name for name in SECRETS if name in words]
            await it.people.presses_home("nora", "My tasks")
            assert "T-1" in await it.new("nora")
            assert it.slack.world.breaches == []

    play(story)


def test_shortcuts_make_items_and_decisions() -> None:
    """A message becomes an action item from its menu; in a case's thread, a decision of that case."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            said = await it.people.says("gene", it.channel, "Somebody should check the TSH")
            await it.people.uses_shortcut("carla", said, "make_task")
            assert "check the TSH" in await it.new("carla")
            assert it.slack.world.breaches == []

    play(story)


def test_hostile_names_and_words() -> None:
    """Broadcasts, mark-up and commands in names, titles and channel names stay words."""

    async def story() -> None:
        async with ward() as it:
            hostile = "<!channel> *x* &amp; <@U123> `y` https://evil.example"
            it.channel.name = "<!here>"
            await make_team(it)
            it.people.person("gene").name = hostile
            it.platform.directory._people.clear()
            await it.says("carla", f"task add “{hostile}” due fri")
            await it.says("carla", "tasks team")
            await it.says("carla", "team")
            await it.whispers("pat", "case submit")
            marks = "<!channel> *x* &amp; `y`"
            await it.fills("pat", question=f"{marks} <@U123>", background="Low desire.")
            await it.presses("pat", "Approve")
            assert f"Question: {marks} <[id]>" in it.in_channel()
            assert not re.search("<!|<@U123", str([m.blocks for m in it.channel.messages if m.bot_id]))
            assert it.slack.world.breaches == []
            assert hostile in "\n".join(text_of(m) for m in it.visible("carla"))

    play(story)


def test_database_locked_for_ten_seconds() -> None:
    """Whatever the database does, everything is acknowledged at once, and carried out once when it is free again."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            it.slack.delivery.acknowledgements.clear()
            other = sqlite3.connect(it.app.database.path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            others = [it.people.channel(f"ward-{n}", "carla") for n in range(12)]
            for n, channel in enumerate((it.channel, *others)):
                await it.people.says("carla", channel, f"@confer task add “word{n}x” for nursing due fri")
                await it.people.commands("carla", it.channel, "whoami")
            slowest = max(a.seconds for a in it.slack.delivery.acknowledgements)
            assert slowest < 1
            await asyncio.sleep(10)  # the very length that is promised, not a wait for something
            other.execute("ROLLBACK")
            other.close()
            await it.platform.intake.finish()
            await it.app.settle()
            assert it.in_channel().count("word0x") == 2
            assert it.slack.world.breaches == []

    play(story)


def test_an_erased_case_is_gone_from_what_slack_keeps() -> None:
    """Forms and buttons about a case hold its words, sealed; erasing the case takes them too."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            await it.whispers("pat", "case submit")
            case = ref(await it.fills("pat", question="What about Lakeview?", background="Sees Dr. Lakeview."), "C")
            drawer = it.platform._kept._drawer
            assert [n for n in drawer.names("kept/") if n.endswith(case)]
            await it.presses("pat", "Edit")
            await it.whispers("pat", f"@confer case erase {case}")
            await it.presses("pat", "Erase for ever")
            assert not [n for n in drawer.names() if n.endswith(case)]
            assert it.slack.world.breaches == []

    play(story)


def test_who_is_added_is_known_by_name() -> None:
    """A mention brings the person's name along; a name alone is nobody's account, and adds nobody."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            it.people.person("Dr. Rowan Vale")
            assert "Mention the person" in await it.says("carla", "team add rowan nursing")
            await it.says("carla", "team add @Dr. Rowan Vale nursing")
            assert "@Dr. Rowan Vale" in await it.says("carla", 'task add "x" for rowan due fri')
            assert it.slack.world.breaches == []

    play(story)
