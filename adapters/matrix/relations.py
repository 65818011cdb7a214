"""How messages hang together: threads for clients that show none, and the card that a reply is about."""

from collections import OrderedDict

from adapters.matrix.http import JSON

MOST_REMEMBERED = 2_000


class Relations:
    """The newest message of each thread, and what each edit of ours edits; the newest of both, in memory."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, str] = OrderedDict()
        self._edited: OrderedDict[str, str] = OrderedDict()

    def was_said(self, content: JSON, event: str) -> None:
        """Take note of an event that may stand in a thread."""
        relation = content.get("m.relates_to")
        if isinstance(relation, dict) and relation.get("rel_type") == "m.thread":
            _remember(self._newest, str(relation.get("event_id")), event)

    def in_thread(self, root: str) -> JSON:
        """The relation of a message in a thread; where threads are not shown it answers the message before it."""
        before = self._newest.get(root, root)
        return {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": before},
        }

    def was_edited(self, edit: str, original: str) -> None:
        """Some clients show an edit as a message of its own, and people reply to that."""
        _remember(self._edited, edit, original)

    def original(self, event: str) -> str | None:
        """What the event edits, itself where it edits nothing; None where nobody has looked yet."""
        return self._edited.get(event)


def edit_of(content: JSON) -> str | None:
    """The event that this content edits."""
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or relation.get("rel_type") != "m.replace":
        return None
    event = relation.get("event_id")
    return event if isinstance(event, str) else None


def _remember(what: OrderedDict[str, str], key: str, value: str) -> None:
    what[key] = value
    what.move_to_end(key)
    while len(what) > MOST_REMEMBERED:
        what.popitem(last=False)
