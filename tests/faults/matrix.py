"""The faults that Confer survives, what each must leave, and the tests that show it. ``docs/reliability.md`` is made of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One fault. ``tests`` are files and functions below ``tests/``, for each engine where they ask for one."""

    fault: str
    criterion: str
    tests: tuple[str, ...]
    engine: str = "sqlite"
    """On which engine those tests run that ask for none."""


KILLS, CHAT, STORE = "faults/test_kills.py", "faults/test_chat.py", "faults/test_store.py"
SAME = "rooms, audit rows and timers as in an undisturbed run"
SHARED, LEASES, STANDING = "storage/test_shared.py", "storage/test_leases.py", "bot/test_standing.py"

ROWS = (
    Row(
        "kill -9 at every named step: before and after begin, commit, send, edit, acknowledgement",
        SAME,
        (f"{KILLS}::test_killed_at_a_step_it_goes_on_as_if_nothing_had_been",),
    ),
    Row(
        "kill -9 at any moment, again and again",
        SAME,
        (f"{KILLS}::test_killed_again_and_again_at_any_moment",),
    ),
    Row(
        "kill -9 of the whole programme over Slack",
        "each action item once, each message once",
        ("slack/test_kills.py::test_kills_lose_and_double_nothing",),
    ),
    Row(
        "kill -9 of the whole programme over Matrix",
        "each command once, each answer once",
        ("matrix/test_whole.py::test_killed_between_receiving_committing_and_sending",),
    ),
    Row(
        "kill -9 while migrating; two that migrate",
        "the old tables or the new",
        (
            "storage/test_migrate.py::test_a_killed_migration_leaves_nothing",
            "storage/test_migrate.py::test_a_second_migrator_waits_for_the_first",
        ),
    ),
    Row(
        "kill -9 while backing up or restoring",
        "the old file or the new, whole",
        (
            "cli/test_backup_kills.py::test_a_kill_leaves_the_old_or_the_new",
            "cli/test_backup_kills.py::test_cut_off_right_after_its_transaction",
        ),
    ),
    Row(
        "kill -9 while a team's key or the root key is changed",
        "every field opens",
        (
            "faults/test_rotation.py::test_a_killed_rotation_leaves_every_field_readable",
            "cli/test_keys.py::test_killed_it_goes_on",
        ),
    ),
    Row(
        "kill -9 while moving to PostgreSQL",
        "it goes on, every row arrives",
        ("storage/test_move.py::test_killed_anywhere_it_goes_on",),
        engine="postgresql",
    ),
    Row("the database is locked by somebody else", SAME, (f"{STORE}::test_a_locked_database_is_waited_for",)),
    Row(
        "the disk is full",
        f"nothing is taken in while it lasts; then {SAME}",
        (f"{STORE}::test_a_full_disk_takes_nothing_in_and_loses_nothing",),
    ),
    Row("the disk is read-only", "a plain sentence", (f"{STORE}::test_a_read_only_disk_is_said_in_a_sentence",)),
    Row(
        "PostgreSQL is restarted",
        "not noticed between transactions, nothing saved within one",
        (
            f"{SHARED}::TestCutConnections::test_a_restart_between_transactions_is_not_noticed",
            f"{SHARED}::TestCutConnections::test_a_cut_within_a_transaction_saves_nothing",
        ),
        engine="postgresql",
    ),
    Row(
        "the connection is cut after COMMIT was sent",
        "found out, carried out once, answered once",
        (
            f"{SHARED}::TestCutConnections::test_a_cut_while_it_commits_is_unknown_and_found_out",
            "conversations/test_on_postgresql.py::test_an_answer_of_the_server_that_was_lost",
        ),
        engine="postgresql",
    ),
    Row(
        "PostgreSQL is away, or demoted",
        "a plain sentence; the demoted one is left",
        (
            f"{SHARED}::TestCutConnections::test_a_server_that_is_away_is_a_sentence",
            f"{SHARED}::TestCutConnections::test_a_server_that_was_demoted_is_left",
        ),
        engine="postgresql",
    ),
    Row(
        "two instances, one killed or frozen past its lease and woken",
        "the other takes over; the woken one sends nothing it lost",
        (
            f"{LEASES}::test_another_process_takes_over",
            f"{STANDING}::test_a_frozen_instance_does_not_send_what_it_held",
        ),
    ),
    Row(
        "two instances hear the same event",
        "carried out once",
        (
            f"{CHAT}::test_the_same_event_at_once_from_two_connections_is_carried_out_once",
            "slack/test_instances.py::test_an_event_that_both_hear_is_carried_out_once",
        ),
    ),
    Row(
        "the chat server is gone for an hour",
        "everything comes in order, late words say so",
        (f"{CHAT}::test_a_server_that_is_gone_for_an_hour_gets_all_of_it_in_order",),
    ),
    Row(
        "the chat server is half open: it never answers",
        "no other room waits",
        (f"{CHAT}::test_a_room_that_does_not_answer_holds_up_no_other",),
    ),
    Row(
        "5xx; 429 with Retry-After 0, 1, 3600 and nonsense; the answer lost after acceptance",
        "everything comes once, in order",
        (f"{CHAT}::test_a_server_that_refuses_is_asked_again",),
    ),
    Row(
        "events that come twice, late, in disorder, again after days",
        SAME,
        (f"{CHAT}::test_events_that_come_twice_late_and_in_disorder_are_carried_out_once",),
    ),
    Row(
        "the clock an hour back, an hour on, a year on and back",
        "each reminder once, or said to be missed",
        ("time/test_clock.py",),
    ),
    Row(
        "daylight saving both ways over two years, leap day, a zone's new rules",
        "as zoneinfo has it",
        ("time/test_zones.py", "time/test_calendar_oracle.py"),
    ),
    Row(
        "the process stands still for minutes",
        "it says so when it wakes",
        (
            "bot/test_health.py::test_a_process_that_stood_still_is_told",
            "cli/test_watch.py::test_a_frozen_bot_says_so_when_it_wakes",
        ),
    ),
    Row(
        "very many reminders in one minute",
        "each reaches its owner once",
        ("faults/test_burst.py::test_each_of_many_reminders_in_one_minute_is_said_once",),
    ),
    Row(
        "a torn write-ahead log",
        "a whole beginning, and the bot goes on",
        (f"{STORE}::test_a_torn_log_opens_to_a_whole_beginning",),
    ),
    Row(
        "a flipped bit in a cell or an audit row",
        "found; nothing else is lost, nothing is shown",
        (f"{STORE}::test_a_flipped_bit_is_found_and_shows_nothing",),
    ),
    Row(
        "a flipped bit in a key",
        "nothing is carried out or said",
        (f"{STORE}::test_a_flipped_bit_in_a_key_stops_the_bot_before_it_speaks",),
    ),
    Row(
        "poison: controls, surrogates, a megabyte",
        "refused; the next command works",
        (f"{STORE}::test_poison_is_refused_and_the_next_command_works",),
    ),
    Row(
        "a crash loop: twelve deaths at the same place",
        "it comes out of it, and gives up at most what kills it",
        (f"{STORE}::test_a_bot_that_dies_again_and_again_at_the_same_place_comes_out_of_it",),
    ),
    Row("a clinic's month drawn from a seed", "all invariants every evening", ("simulation/test_month.py",)),
)
