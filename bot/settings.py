"""Every setting with its default and its sentence. ``config.example.toml`` and ``docs/settings.md`` are made from here."""

from dataclasses import dataclass, field, fields
from datetime import time, timedelta
from enum import StrEnum, auto
from typing import Any


class Form(StrEnum):
    """What a text must be, where any text will not do. ``bot.config`` reads it so."""

    TEXT = auto()
    WORD = auto()
    ZONE = auto()
    LEVEL = auto()
    PATH = auto()
    DATABASE = auto()
    SECRET = auto()
    """Only where the secret is found, never the secret."""


def setting(default: Any, about: str, form: Form = Form.TEXT) -> Any:
    """A field with its sentence for the example file."""
    return field(default=default, metadata={"about": about, "form": form})


@dataclass(frozen=True, slots=True)
class BotSettings:
    """How the bot presents itself."""

    name: str = setting("confer", "What people call the bot: !confer, @confer.", Form.WORD)
    zone: str = setting("UTC", "The zone of a team that names none, an IANA name such as Europe/Berlin.", Form.ZONE)
    oldest_command: timedelta = setting(
        timedelta(hours=12), "A command that waited longer than this is not carried out; its sender gets one note."
    )
    undo: timedelta = setting(timedelta(minutes=10), "How long `undo` can take back a change.")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where things are kept."""

    database: str = setting(
        "confer.db",
        "A file for SQLite, relative to this file, or postgresql://USER@HOST/DATABASE; docs/postgresql.md says more.",
        Form.DATABASE,
    )
    password: str = setting(
        "env:PGPASSWORD",
        "The password of the PostgreSQL user; a variable that is not set stands for none.",
        Form.SECRET,
    )
    connections: int = setting(10, "At most this many connections to PostgreSQL at once.")
    key: str = setting(
        "file:confer.key",
        "The root key, by reference: file:PATH (mode 0600), env:NAME or keyring:SERVICE/NAME. Without it nothing can be read.",
        Form.SECRET,
    )
    checkpoints: str = setting(
        "audit-checkpoints.jsonl",
        "Signed marks of the audit chain, outside the database; keep copies elsewhere.",
        Form.PATH,
    )


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """Who may do what before a team exists, and what teams share."""

    creators: tuple[str, ...] = setting((), "Accounts that may create a team. Empty: anyone who can talk to the bot.")
    disciplines: tuple[str, ...] = setting((), "Disciplines beyond the built-in ones, e.g. dietetics.", Form.WORD)


@dataclass(frozen=True, slots=True)
class MeetingSettings:
    """When the bot speaks about a meeting by itself."""

    call: timedelta = setting(timedelta(days=5), "The call for cases goes out this long before a meeting.")
    chase: timedelta = setting(
        timedelta(hours=4), "Presenters whose case is not ready are chased this long before the agenda closes."
    )
    lock: timedelta = setting(timedelta(hours=1), "The agenda is locked and posted this long before the meeting.")
    remind: timedelta = setting(timedelta(minutes=15), "Everyone is reminded this long before the meeting.")
    lapse: timedelta = setting(
        timedelta(hours=3), "A meeting that nobody started is called off this long after it should have ended."
    )
    horizon: timedelta = setting(timedelta(days=21), "Meetings of a series are planned this far ahead.")


@dataclass(frozen=True, slots=True)
class ReminderSettings:
    """When the bot speaks about an action item by itself."""

    before: timedelta = setting(timedelta(hours=24), "The owner is reminded this long before an item is due.")
    owner: timedelta = setting(timedelta(hours=16), "The owner hears again when an item is late by this much.")
    discipline: timedelta = setting(timedelta(days=2), "Then the whole discipline hears, when it is late by this much.")
    coordinator: timedelta = setting(timedelta(days=3), "Then the coordinator hears, when it is late by this much.")
    digest: time | None = setting(
        None, 'The hour (own zone) at which people who set none get what is not urgent, gathered; "": at once.'
    )
    budget: int = setting(
        8, "Messages a day that a person gets unasked; more wait for the digest, but for urgent ones. 0: no limit."
    )
    due: timedelta = setting(timedelta(days=7), "An action item without a date is due after this long.")


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """Slack; docs/slack.md walks through it."""

    mode: str = setting("off", "off, socket (no open port needed) or http (behind a proxy that speaks TLS).", Form.WORD)
    workspaces: str = setting(
        "one", "one (with its bot token) or many (installed by OAuth, tokens kept sealed).", Form.WORD
    )
    baa: bool = setting(
        default=False,
        about="Whether Slack has signed a business associate agreement. Until then nothing about cases is done there.",
    )
    modals: bool = setting(
        default=False,
        about="Forms as modals instead of in the direct conversation. Slack's HIPAA page names messages and files as places for patient data, not modals.",
    )
    bot_token: str = setting("env:SLACK_BOT_TOKEN", "The bot token (xoxb-…) of one workspace.", Form.SECRET)
    app_token: str = setting("env:SLACK_APP_TOKEN", "The app-level token (xapp-…) of socket mode.", Form.SECRET)
    signing_secret: str = setting(
        "env:SLACK_SIGNING_SECRET", "What proves requests to be Slack's in http mode.", Form.SECRET
    )
    client_id: str = setting("env:SLACK_APP_CLIENT_ID", "The client id, for many workspaces.", Form.SECRET)
    client_secret: str = setting("env:SLACK_APP_CLIENT_SECRET", "The client secret, for many workspaces.", Form.SECRET)
    address: str = setting("https://confer.example.org", "The bot's address as Slack sees it, in http mode.")
    listen: str = setting("127.0.0.1:3000", "Where the bot listens in http mode.")
    base_url: str = setting("https://slack.com/api/", "Slack's Web API; GovSlack: https://slack-gov.com/api/.")
    authorize_url: str = setting("https://slack.com/oauth/v2/authorize", "Where people consent to an installation.")
    inbox: str = setting("slack-inbox", "What was acknowledged and is not carried out yet, sealed.", Form.PATH)


@dataclass(frozen=True, slots=True)
class MatrixSettings:
    """Matrix; docs/matrix.md walks through it."""

    mode: str = setting("off", "off or on.", Form.WORD)
    homeserver: str = setting("https://matrix.example.org", "The address of the homeserver.")
    user: str = setting("confer", "The bot's account there: its local name, or @name:server.")
    password: str = setting("env:MATRIX_PASSWORD", "Its password; wanted by `confer matrix login` alone.", Form.SECRET)
    token: str = setting(
        "env:MATRIX_TOKEN", "Where there are no passwords: the access token of a new device.", Form.SECRET
    )
    registration: str = setting(
        "env:MATRIX_REGISTRATION", "A Synapse's registration secret, to make the account with.", Form.SECRET
    )
    folder: str = setting("matrix", "The crypto store; it belongs to this bot alone.", Form.PATH)
    devices: str = setting(
        "signed",
        "Whose devices count: verified (people compared emoji with the bot), signed (by their owner) or any (unsafe).",
        Form.WORD,
    )
    servers: tuple[str, ...] = setting(
        (), "Servers whose people may invite the bot and be in its rooms. Empty: its own server alone."
    )
    accounts: tuple[str, ...] = setting((), "Single accounts of other servers that may do the same.")
    clear_rooms: bool = setting(
        default=False,
        about="Whether the bot works in rooms that are not encrypted. Only for trials with invented cases.",
    )
    reactions: bool = setting(
        default=True, about="Whether a reaction does what its button does. The homeserver could forge a reaction."
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the programme says of itself. Nothing clinical is ever logged."""

    level: str = setting("info", "debug, info, warning or error.", Form.LEVEL)
    format: str = setting(
        "auto", "text, json (a line a record), or auto: text on a terminal, json elsewhere.", Form.WORD
    )


@dataclass(frozen=True, slots=True)
class OperationsSettings:
    """How a running bot is watched; docs/operations.md walks through it."""

    listen: str = setting("off", "Where /metrics, /healthz and /readyz are, such as 127.0.0.1:9464; or off.")
    open: bool = setting(
        default=False,
        about="Whether `listen` may be an address that other machines reach. Nobody is asked there who they are.",
    )
    late: timedelta = setting(timedelta(minutes=10), "/readyz says no while something due waits longer than this.")


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """What `confer backup` does; docs/operations.md has the schedule and the drill."""

    folder: str = setting("backups", "Where backups go when --to names no file.", Form.PATH)
    key: str = setting(
        "file:backup.key",
        "The backup key (`confer backup --new-key` makes one) or a passphrase, by reference. Never the root key.",
        Form.SECRET,
    )
    keep: timedelta = setting(
        timedelta(days=35), "Older backups in the folder are removed after a new one: what was erased must not live on."
    )
    erasures: str = setting(
        "erasures.jsonl",
        "Which cases were erased, outside the database: a restore erases them again. Keep copies elsewhere.",
        Form.PATH,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them, by section."""

    bot: BotSettings = field(default_factory=BotSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    teams: TeamSettings = field(default_factory=TeamSettings)
    meetings: MeetingSettings = field(default_factory=MeetingSettings)
    reminders: ReminderSettings = field(default_factory=ReminderSettings)
    slack: SlackSettings = field(default_factory=SlackSettings)
    matrix: MatrixSettings = field(default_factory=MatrixSettings)
    log: LogSettings = field(default_factory=LogSettings)
    operations: OperationsSettings = field(default_factory=OperationsSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)


def sections() -> tuple[tuple[str, type], ...]:
    """The sections by name, in the order of the example file."""
    return tuple((f.name, f.default_factory) for f in fields(Settings))  # type: ignore[misc]
