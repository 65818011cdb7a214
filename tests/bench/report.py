"""Figures with their targets, as a table; progress while they are made."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. ``most``: its target; None for a baseline, which is only there to compare with."""

    name: str
    value: float
    unit: str
    most: float | None = None

    @property
    def is_met(self) -> bool:
        return self.most is None or self.value <= self.most


def show(title: str, figures: Sequence[Figure]) -> bool:
    """Print the table; whether every target is met."""
    sys.stdout.write(f"\n{title}\n")
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        target = "" if figure.most is None else f"at most {figure.most:g} {figure.unit}".rstrip()
        verdict = "" if figure.most is None else "met" if figure.is_met else "NOT MET"
        row = f"  {figure.name:<{width}}  {figure.value:9.2f} {figure.unit:<4} {target:<18} {verdict}"
        sys.stdout.write(row.rstrip() + "\n")
    sys.stdout.flush()
    return all(figure.is_met for figure in figures)


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


class Progress:
    """One line that says how far it is: rewritten on a terminal, once for each part elsewhere."""

    def __init__(self) -> None:
        self._part = ""

    def at(self, part: str, done: int, of: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{part}: {done:,} of {of:,}")
        elif part != self._part:
            sys.stderr.write(f"{part}: {of:,}\n")
        self._part = part
        sys.stderr.flush()

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
