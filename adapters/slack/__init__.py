"""Slack as a chat platform, on Bolt: words in over Socket Mode or HTTP, cards out as Block Kit."""
