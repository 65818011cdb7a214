"""Rate tiers, per method and workspace, and one post a second and channel (docs.slack.dev: rate limits)."""

from collections import defaultdict, deque
from collections.abc import Callable

TIERS = {
    "auth.test": 600,
    "chat.postMessage": 600,
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "conversations.open": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.members": 100,
    "conversations.info": 50,
    "conversations.join": 50,
    "users.info": 100,
    "views.open": 100,
    "views.update": 100,
    "views.push": 100,
    "views.publish": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
    "files.info": 100,
    "files.delete": 50,
    "reactions.add": 50,
    "apps.connections.open": 10,
    "oauth.v2.access": 100,
}
"""Calls a minute: 1, 20, 50 or 100 by the method's tier. Where the page gives no number, the least that it promises:
«hundreds» for auth.test, «several hundred» posts in a workspace, and for apps.connections.open, of the first tier with
«a small amount of burst», as many as there may be sockets."""
MINUTE = 60.0
PER_CHANNEL = 1.0
ON_THE_WAY = 0.5
"""Seconds in which a call that was sent before the app had heard of the limit may still arrive."""


class Rates:
    """Counts calls. ``on`` is off where a test has no patience for it; ``minute`` is shorter where it has little.

    To be told to wait breaks no rule, for tiers are promises of the least. To call all the same does, and so do two
    posts in one channel within a second.
    """

    def __init__(self, clock: Callable[[], float], breach: Callable[[str], None]) -> None:
        self.on = True
        self.tiers = dict(TIERS)
        self.minute = MINUTE
        self._clock, self._breach = clock, breach
        self._calls: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._told: dict[tuple[str, str], tuple[float, float]] = {}
        self._posts: dict[str, float] = {}

    def wait(self, method: str, team: str, channel: str = "") -> float:
        """How many seconds the caller has to wait, 0 where the call may go on."""
        if not self.on:
            return 0
        now = self._clock()
        if method == "chat.postMessage" and channel:
            # A little slack for two clocks: what arrives in a second's distance was sent so.
            left = self._posts.get(channel, 0) + PER_CHANNEL - 0.02 - now
            if left > 0:
                self._breach(f"{method}: two in one channel within a second")
                return max(1.0, left)
            self._posts[channel] = now
        return self._in_tier(method, team, now)

    def _in_tier(self, method: str, team: str, now: float) -> float:
        told, until = self._told.get((method, team), (now, now))
        if told + ON_THE_WAY < now < until:
            self._breach(f"{method}: called before its Retry-After was over")
        calls = self._calls[method, team]
        while calls and calls[0] <= now - self.minute:
            calls.popleft()
        if len(calls) < self.tiers[method]:
            calls.append(now)
            return 0
        left = max(1.0, calls[0] + self.minute - now)
        self._told[method, team] = (now, now + left)
        return left
