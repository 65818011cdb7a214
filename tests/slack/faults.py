"""What can go wrong on the way, switched on for the next calls or deliveries."""

from dataclasses import dataclass, field


@dataclass
class Fault:
    """``kind``: ``lost`` (carried out, the answer never arrives), ``refused`` (the connection ends, nothing is carried
    out), ``500``, ``429``, ``delay`` (``value`` seconds) or an error that Slack documents for the method."""

    kind: str
    times: int = 1
    value: float = 0.0


@dataclass
class Faults:
    """Faults of API methods by name, and of deliveries: ``duplicate``, ``drop``, ``reorder``."""

    calls: dict[str, list[Fault]] = field(default_factory=dict)
    deliveries: list[Fault] = field(default_factory=list)

    def on(self, method: str, kind: str, times: int = 1, value: float = 0.0) -> None:
        """Let the next calls of the method fail so; ``*`` means every method."""
        self.calls.setdefault(method, []).append(Fault(kind, times, value))

    def deliver(self, kind: str, times: int = 1) -> None:
        self.deliveries.append(Fault(kind, times))

    def of_call(self, method: str) -> Fault | None:
        return _take(self.calls.get(method, [])) or _take(self.calls.get("*", []))

    def of_delivery(self) -> Fault | None:
        return _take(self.deliveries)


def _take(faults: list[Fault]) -> Fault | None:
    while faults and faults[0].times <= 0:
        faults.pop(0)
    if not faults:
        return None
    faults[0].times -= 1
    return faults[0]
