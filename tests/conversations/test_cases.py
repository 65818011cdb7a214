"""Cases in private: submitted, previewed, corrected, approved, listed."""

import pytest

from tests.conversations.harness import ROOM, Chat, approved, submitted

STORY = "Maria Lopez, 34, low desire since sertraline.\nLives at Lakeview with her partner.\nMRN 44871203."


def test_a_form_opens_for_the_submitter_alone(bot: Chat) -> None:
    """`case submit` without words shows nobody else even that a case is on its way."""
    answer = bot.says("pat", "case submit")
    assert not answer.in_room
    fields = {f.name for f in answer.first.forms[0].fields}
    assert {"question", "background", "medication", "treatment", "goals", "safety", "patient", "mrn"} <= fields


def test_a_filled_form_gives_a_private_preview(bot: Chat) -> None:
    """The preview hides who the patient is, names each hidden thing, and posts nothing."""
    bot.says("pat", "case submit")
    answer = bot.fills("pat", question="Switch the SSRI?", background=STORY, patient="Maria Lopez", mrn="44871203")
    assert not answer.in_room
    shown, _, below = answer.private.partition("Hidden:")
    assert "low desire since sertraline" in shown
    assert not any(word in shown for word in ("Maria", "Lopez", "44871203"))
    assert "“Maria Lopez”" in below
    assert answer.buttons[0].label == "Approve"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("meds", "medication"), ("medications", "medication"), ("history", "background"), ("hx", "background"),
        ("ask", "question"), ("sexual", "sexual health"), ("sexual_health", "sexual health"), ("goal", "goals"),
        ("therapy", "treatment"), ("risk", "safety"), ("dob", "born"), ("chart", "mrn"), ("names", "patient"),
        ("family", "people"), ("town", "address"),
    ],
)  # fmt: skip
def test_fields_are_known_by_other_names(bot: Chat, typed: str, name: str) -> None:
    """What people call a field is understood, so that a script or a phone need not know ours."""
    value = "1990-02-03" if name == "born" else "Sertraline 100"
    case = bot.sends("pat", "case submit", question="What next?", **{typed: value}).ref("C")
    form = bot.whispers("pat", f"case edit {case}").first.forms[0]
    assert {f.name: f.value for f in form.fields}[name] == value


def test_an_unknown_field_is_refused_with_the_known_ones(bot: Chat) -> None:
    """A field that does not exist is not dropped in silence, and no case is made."""
    answer = bot.sends("pat", "case submit", question="What next?", hobby="chess")
    assert answer.refused
    assert "hobby" in answer.text
    assert "medication" in answer.text
    assert "No cases" in bot.whispers("pat", "cases").text


def test_a_date_of_birth_that_is_none_is_refused(bot: Chat) -> None:
    """What could not be used to hide is asked for again, not kept."""
    assert bot.sends("pat", "case submit", question="What next?", born="1990-02-03").ref("C")
    answer = bot.sends("pat", "case submit", question="What next?", born="next spring")
    assert answer.refused
    assert "date of birth" in answer.text


def test_words_typed_in_private_are_the_background(bot: Chat) -> None:
    """With text after it, over several lines, the text is the background."""
    answer = bot.whispers("pat", f"case submit {STORY}")
    assert "low desire since sertraline" in answer.text
    form = bot.whispers("pat", f"case edit {answer.ref('C')}").first.forms[0]
    assert next(f.value for f in form.fields if f.name == "background") == STORY


def test_words_typed_in_a_room_leave_it(bot: Chat) -> None:
    """The bot takes the text, answers in private, removes the message and echoes nothing."""
    answer = bot.says("pat", f"case submit {STORY}")
    assert not answer.in_room
    assert "out of the room" in answer.private
    assert answer.ref("C")
    assert "Maria" not in bot.room_shows()
    assert "sertraline" not in bot.room_shows()


@pytest.mark.parametrize("words", ['case submit She said "I never', "case submit " + "long " * 1800])
def test_words_that_cannot_be_used_leave_the_room_too(bot: Chat, words: str) -> None:
    """A refused text is still a patient's."""
    answer = bot.says("pat", words)
    assert answer.refused
    assert not answer.in_room
    assert words not in bot.room_shows()
    assert "out of the room" in answer.private


def test_a_stranger_s_case_leaves_the_room_too(bot: Chat) -> None:
    """Who may not submit is refused, and what was typed does not stay."""
    assert not bot.says("pat", f"case submit {STORY}").refused
    bot.says("carla", "team add @obe nursing role observer")
    for who in ("obe", "zed"):
        assert bot.says(who, f"case submit {STORY}").refused
    assert "Maria" not in bot.room_shows()


def test_a_platform_that_cannot_remove_makes_the_bot_ask(bot: Chat) -> None:
    """Where the message cannot be taken out, its author is asked to delete it."""
    redact = bot.platform.redact

    async def refuse(message):  # type: ignore[no-untyped-def]
        bot.platform.fail(final=True, kind="may_not_redact")
        await redact(message)

    bot.platform.redact = refuse  # type: ignore[method-assign]
    answer = bot.says("pat", f"case submit {STORY}")
    assert answer.ref("C")
    assert "delete it there yourself" in bot.waits(minutes=1).private


def test_hidden_by_hand_and_kept_by_hand(bot: Chat) -> None:
    """The author's word decides what a reader would not guess."""
    case = submitted(bot, background="Runs the Lakeview choir; Parkinson in the family.")
    hidden = bot.whispers("pat", f'case hide {case} "choir"').text.partition("Hidden:")[0]
    assert "choir" not in hidden
    kept = bot.whispers("pat", f'case keep {case} "choir"').text.partition("Hidden:")[0]
    assert "choir" in kept


def test_only_what_is_there_is_hidden_and_only_what_is_hidden_is_kept(bot: Chat) -> None:
    """A slip of the pen is told, so that nobody believes a word is hidden."""
    case = submitted(bot, background="Runs the choir with Maria Lopez.", patient="Maria Lopez")
    assert not bot.whispers("pat", f'case hide {case} "choir"').refused
    assert bot.whispers("pat", f'case hide {case} "orchestra"').refused
    assert bot.whispers("pat", f'case keep {case} "orchestra"').refused
    known = bot.whispers("pat", f'case keep {case} "Maria"')
    assert known.refused
    assert "stays hidden" in known.text


def test_hiding_in_a_room_does_not_show_what_is_hidden(bot: Chat) -> None:
    """`case hide` names what must not be seen: it is answered in private and leaves the room."""
    case = submitted(bot, background="Runs the Lakeview choir.")
    answer = bot.says("pat", f'case hide {case} "Lakeview choir"')
    assert not answer.refused
    assert not answer.in_room
    assert "Lakeview" not in bot.room_shows()


def test_edit_opens_the_form_with_what_is_there(bot: Chat) -> None:
    """An edit changes what it names and keeps the rest."""
    case = submitted(bot, medication="Sertraline 100 mg", patient="Maria Lopez")
    form = bot.whispers("pat", f"case edit {case}").first.forms[0]
    values = {f.name: f.value for f in form.fields}
    assert values["medication"] == "Sertraline 100 mg"
    assert values["patient"] == "Maria Lopez"
    changed = bot.fills("pat", medication="Sertraline 50 mg").text
    assert "Sertraline 50 mg" in changed
    assert "34, low desire" not in changed, "only what changed is shown again"
    whole = bot.presses("pat", "Whole preview").text
    assert "Sertraline 50 mg" in whole
    assert "34, low desire" in whole


def test_approval_posts_exactly_what_was_previewed(bot: Chat) -> None:
    """The room gets the approved words, once."""
    submitted(bot, background="Maria Lopez has low desire.", patient="Maria Lopez")
    answer = bot.presses("pat", "Approve")
    assert "has low desire" in answer.in_room
    assert "Maria" not in bot.room_shows()
    again = bot.presses("pat", "Approve")
    assert again.refused
    assert bot.room_shows().count("has low desire") == 1


def test_a_stale_button_approves_nothing(bot: Chat) -> None:
    """A button pressed after an edit shows the new preview first."""
    case = submitted(bot)
    old = bot.visible_to("pat")[-1]
    label = "Approve"
    bot.sends("pat", f"case edit {case}", background="Other words entirely.")
    button = next(b for b in old.card.buttons if b.label == label)  # type: ignore[union-attr]
    answer = bot.whispers("pat", button.command)
    assert answer.refused
    assert "has changed" in answer.text
    assert case not in bot.room_shows()
    assert "Other words" in bot.presses("pat", f"case preview {case}").text
    assert "Other words" in bot.presses("pat", "Approve").in_room


def test_an_empty_case_cannot_be_approved(bot: Chat) -> None:
    """Nothing is posted where nothing is said."""
    bot.whispers("pat", "case submit")
    case = bot.fills("pat", patient="Maria Lopez").ref("C")
    answer = bot.whispers("pat", f"case approve {case}")
    assert answer.refused
    assert case not in bot.room_shows()


def test_a_new_approval_replaces_what_was_posted(bot: Chat) -> None:
    """Only the newest approved words stand in the room."""
    case = approved(bot)
    bot.sends("pat", f"case edit {case}", background="Tapering went well.")
    assert "34, low desire" in bot.room_shows(), "an edit alone changes nothing in the room"
    bot.whispers("pat", f"case approve {case}")
    assert "Tapering went well" in bot.room_shows()
    assert "34, low desire" not in bot.room_shows()


@pytest.mark.parametrize(
    "words",
    ["case preview {c}", 'case hide {c} "desire"', 'case keep {c} "desire"', "case edit {c}", "case approve {c}",
     "case {c}", "case close {c}", "case erase {c}", "case withdraw {c}", "consent {c}", "decide {c} x",
     "tasks case {c}", 'task add "x" case {c}', "case present {c}"],
)  # fmt: skip
def test_missing_and_forbidden_look_the_same(bot: Chat, words: str) -> None:
    """Nobody can find out by asking whether a case exists before its author has approved it."""
    bot.says("carla", 'meeting schedule "Case conference" tue 08:00')
    case = submitted(bot)
    mine = bot.whispers("pat", words.format(c=case))
    assert "There is no case" not in mine.text
    forbidden = bot.whispers("nora", words.format(c=case))
    missing = bot.whispers("nora", words.format(c="C-9ZZ9"))
    assert forbidden.refused
    assert missing.refused
    assert forbidden.text.replace(case, "C-…") == missing.text.replace("C-9ZZ9", "C-…")


def test_a_case_as_others_may_see_it(bot: Chat) -> None:
    """`case` shows colleagues the approved words and the author the rest."""
    case = approved(bot, goals="no new drug")
    for who in ("nora", "pat"):
        text = bot.whispers(who, f"case {case}").text
        assert "no new drug" in text
        assert "State: approved" in text
    assert "Preview and edit" in [b.label for b in bot.whispers("pat", f"case {case}").buttons]
    assert bot.says("nora", f"case {case}").in_room == ""


def test_a_reference_is_read_as_people_write_it(bot: Chat) -> None:
    """Letter case, brackets and a full stop do not matter."""
    case = approved(bot)
    for form in (case.lower(), f"({case})", f"{case}.", case):
        assert case in bot.whispers("nora", f"case {form}").text


def test_lists_of_cases(bot: Chat) -> None:
    """Each list shows what its word says; drafts are their authors' alone."""
    draft = submitted(bot)
    ready = approved(bot, question="What of the taper?")
    waiting = approved(bot, "gene", question="")
    bot.says("carla", f"case defer {waiting} because awaiting prolactin")
    listed = {w: bot.whispers("pat", f"cases {w}").text for w in ("mine", "open", "ready", "deferred", "")}
    assert draft in listed["mine"]
    assert waiting not in listed["mine"]
    assert {ready, waiting} <= set(listed["open"].split())
    assert ready in listed["ready"]
    assert draft not in listed["ready"]
    assert "awaiting prolactin" in listed["deferred"]
    assert ready not in listed["deferred"]
    assert listed[""] == listed["open"]
    assert draft not in bot.whispers("nora", "cases").text
    assert bot.whispers("nora", "cases purple").refused


def test_observers_see_no_case(bot: Chat) -> None:
    """An observer reads what is posted, and asks for nothing."""
    case = approved(bot)
    bot.says("carla", "team add @obe nursing role observer")
    assert not bot.whispers("nora", f"case {case}").refused
    assert bot.whispers("obe", f"case {case}").refused
    assert bot.whispers("obe", "cases").refused
    assert bot.whispers("obe", "case submit").refused


def test_a_guest_sees_one_case(bot: Chat) -> None:
    """A consultant sees the case that was shared, until the time is over."""
    mine, other = approved(bot), approved(bot)
    bot.says("carla", f"team guest @lee {mine} until fri")
    assert mine in bot.whispers("lee", f"case {mine}").text
    assert bot.whispers("lee", f"case {other}").refused
    assert other not in bot.whispers("lee", "cases").text
    bot.waits(days=6)
    assert bot.whispers("lee", f"case {mine}").refused


def test_the_reference_may_be_left_out_in_the_case_s_thread(bot: Chat) -> None:
    """In the thread of the posted summary the case is understood."""
    case = approved(bot)
    posted = next(s for s in bot.platform.messages if s.ref.room == ROOM and s.card and case in s.card.title)
    answer = bot.says("nora", "case", thread=posted.ref)
    assert case in answer.private
    assert bot.says("nora", "case").refused
