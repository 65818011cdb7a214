"""Slack as a chat platform, on Bolt: words in over Socket Mode or HTTP, cards out as Block Kit."""

from adapters.slack.hearing import Shortcut
from adapters.slack.manifest import manifest
from adapters.slack.platform import SlackPlatform
from adapters.slack.settings import SlackOptions

__all__ = ["Shortcut", "SlackOptions", "SlackPlatform", "manifest"]
