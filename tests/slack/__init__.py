"""A strict local Slack, for tests and, as a process of its own, for people: ``python -m tests.slack``."""
