"""Slack's documented limits, in characters and counts (docs.slack.dev: Block Kit, views, chat.postMessage, chat.update)."""

BLOCKS_OF_MESSAGE = 50
BLOCKS_OF_VIEW = 100
SECTION = 3000
FIELDS = 10
FIELD = 2000
HEADER = 150
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
BUTTON = 75
VALUE = 2000
URL = 3000
OPTIONS = 100
OPTION_GROUPS = 100
CHECKBOXES = 10
RADIO_BUTTONS = 10
OVERFLOW = 5
OPTION = 75
OPTION_VALUE = 150
PLACEHOLDER = 150
LABEL = 2000
HINT = 2000
INPUT = 3000
"""The most that a plain_text_input takes in."""
ALT_TEXT = 2000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
VIEW_TITLE = 24
VIEW_BUTTON = 24
PRIVATE_METADATA = 3000
IDENTIFIER = 255
TEXT = 4000
"""``text`` of a message: the most that chat.update takes, and what Slack asks for elsewhere, where it cuts at 40,000."""
ALL_BLOCKS = 13200
"""All texts of a message's blocks together: beyond it Slack answers msg_blocks_too_long."""
VIEW_BYTES = 250_000
METADATA_BYTES = 8000
"""Kept well below what Slack takes; ours is one random key."""
