#!/usr/bin/env python3
"""Turn the marked-up texts of this folder into JSON lines with exact offsets.

python build.py           write dev.jsonl, held_out.jsonl and held_out_2.jsonl, verify them, print the counts
python build.py --check   verify that the written files are what the sources say; write nothing
python build.py --lint    also list unmarked words that look like dates or states, for a second look

A source file holds notes separated by a line of three hyphens; [[LABEL:words]] marks a span.
Words such as "last" or "the" at the start of a DATE become an IGNORE span of their own.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPLITS = ("dev", "held_out", "held_out_2")
SAFE_HARBOR = [
    *("NAME", "LOCATION", "DATE", "AGE", "PHONE", "EMAIL", "SSN", "MRN", "HEALTH_PLAN"),
    *("ACCOUNT", "LICENSE", "URL", "IP", "ID"),
]
LABELS = [*SAFE_HARBOR, "QUASI_ORG", "QUASI_AGE", "QUASI_NRP", "IGNORE"]
MARK = re.compile(r"\[\[([A-Z_]+):(.*?)\]\]", re.S)
LEAD = re.compile(r"(?:(?:last|this|next|the|on|early|late|about|around|coming|past)\b\s*)+", re.I)
# Word-names which the two files may share: an engine has to know these in any case.
SHARED = {"will", "grace", "may", "hope", "bill", "dallas"}
SUSPECT = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|june|july"
    r"|august|sept(?:ember)?|october|november|december|yesterday|tomorrow|(?:last|next) \w+"
    r"|christmas|thanksgiving|easter|texas|ohio|california|florida|georgia|oregon|dr\.? \w+"
    r"|\d{1,2}/\d{1,2}(?:/\d+)?|\d{1,2}(?:st|nd|rd|th))\b",
    re.I,
)

Span = dict[str, object]


def say(line: str) -> None:
    """One line to the standard output."""
    sys.stdout.write(line + "\n")


def parse(block: str) -> tuple[str, list[Span]]:
    """The plain text of one marked-up note and its spans."""
    out: list[str] = []
    spans: list[Span] = []
    size = at = 0
    for found in MARK.finditer(block):
        plain = block[at : found.start()]
        out.append(plain)
        size += len(plain)
        label, words = found.groups()
        if label not in LABELS:
            raise ValueError(f"unknown label {label} in: {block[:60]!r}")
        if not words or words != words.strip():
            raise ValueError(f"empty span or space at its edge in: {block[:60]!r}")
        start, end = size, size + len(words)
        lead = LEAD.match(words) if label == "DATE" else None
        if lead and lead.end() < len(words):
            cut = len(lead.group().rstrip())
            spans.append({"start": start, "end": start + cut, "label": "IGNORE"})
            start += lead.end()
        spans.append({"start": start, "end": end, "label": label})
        out.append(words)
        size, at = end, found.end()
    out.append(block[at:])
    text = "".join(out)
    if "[[" in text or "]]" in text:
        raise ValueError(f"broken mark-up in: {block[:60]!r}")
    return text, spans


def build(split: str) -> list[dict[str, object]]:
    """The notes of one source file."""
    source = (HERE / f"{split}.txt").read_text(encoding="utf-8")
    notes: list[dict[str, object]] = []
    for block in re.split(r"^---$\n?", source, flags=re.M):
        block = block.strip("\n")
        if not block.strip():
            continue
        text, spans = parse(block)
        notes.append(
            {
                "id": f"confer-{split.replace('_', '-')}-{len(notes) + 1:03d}",
                "source": "confer-invented",
                "licence": "Apache-2.0",
                "text": text,
                "spans": spans,
            }
        )
    return notes


def words_of(notes: list[dict], label: str) -> set[str]:
    """The marked strings of one label, and for names each of their words."""
    found = set()
    for note in notes:
        for span in note["spans"]:
            if span["label"] == label:
                words = note["text"][span["start"] : span["end"]].lower()
                found.add(words)
                if label == "NAME":
                    found.update(re.findall(r"[^\W\d_]{3,}", words))
    return found - {"dr", "mrs", "miss", "prof", "van", "den"}


def verify(split: str, notes: list[dict]) -> None:
    """Offsets, order and agreement of the written file with its source; raises on any fault."""
    written = (HERE / f"{split}.jsonl").read_text(encoding="utf-8")
    read = [json.loads(line) for line in written.splitlines()]
    if read != notes:
        raise SystemExit(f"{split}.jsonl is not what {split}.txt says: run build.py")
    source = (HERE / f"{split}.txt").read_text(encoding="utf-8")
    marked = collections.Counter(words for _, words in MARK.findall(source))
    seen: collections.Counter[str] = collections.Counter()
    texts = collections.Counter(note["text"] for note in read)
    if max(texts.values()) > 1:
        raise SystemExit(f"{split}: a note stands twice")
    for note in read:
        last, lead = 0, ""
        for span in note["spans"]:
            start, end = span["start"], span["end"]
            part = note["text"][start:end]
            if not last <= start < end <= len(note["text"]) or part != part.strip():
                raise SystemExit(f"{note['id']}: bad span {span}")
            gap = note["text"][last:start]
            whole = lead + gap + part
            if lead and not gap.strip() and span["label"] == "DATE" and marked[whole]:
                seen[whole] += 1
                seen[lead] -= 1
            else:
                seen[part] += 1
            lead = part if span["label"] == "IGNORE" else ""
            last = end
    if +seen != marked:
        raise SystemExit(f"{split}: spans differ from the mark-up: {(seen - marked) or marked}")


def count(split: str, notes: list[dict]) -> None:
    """Print how many notes, words and spans there are."""
    labels: collections.Counter[str] = collections.Counter()
    lengths = sorted(len(note["text"].split()) for note in notes)
    clean = 0
    for note in notes:
        own = [span["label"] for span in note["spans"]]
        labels.update(own)
        clean += not any(label in SAFE_HARBOR for label in own)
    say(f"{split}: {len(notes)} notes, {clean} clean ({100 * clean / len(notes):.0f} %)")
    say(f"  words: {lengths[0]} to {lengths[-1]}, median {lengths[len(lengths) // 2]}")
    say("  " + ", ".join(f"{label} {labels[label]}" for label in LABELS if labels[label]))


def lint(split: str, notes: list[dict]) -> None:
    """List unmarked words that may have been forgotten."""
    for note in notes:
        for found in SUSPECT.finditer(note["text"]):
            if not any(s["start"] < found.end() and found.start() < s["end"] for s in note["spans"]):
                around = note["text"][max(0, found.start() - 30) : found.end() + 30]
                say(f"  {split} {note['id']}: {found.group()!r} in {around!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="verify only, write nothing")
    parser.add_argument("--lint", action="store_true", help="list words that may need a mark")
    args = parser.parse_args()
    built = {s: build(s) for s in SPLITS if (HERE / f"{s}.txt").exists()}
    for split, notes in built.items():
        if not args.check:
            lines = (json.dumps(note, ensure_ascii=False) + "\n" for note in notes)
            (HERE / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")
        verify(split, notes)
        count(split, notes)
        if args.lint:
            lint(split, notes)
    if len(built) == len(SPLITS):
        for label in ("NAME", "LOCATION"):
            both = words_of(built["dev"], label) & words_of(built["held_out"], label)
            if both - SHARED:
                sys.exit(f"{label} in both files: {', '.join(sorted(both - SHARED))}")
        if {n["text"] for n in built["dev"]} & {n["text"] for n in built["held_out"]}:
            sys.exit("a note stands in both files")


if __name__ == "__main__":
    main()
