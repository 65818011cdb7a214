"""`confer deid`: the de-identifier on files and pipes, for judging it and for using it alone."""

from __future__ import annotations

import argparse
import html
import json
import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bot.garbage import sparing_what_is_loaded

if TYPE_CHECKING:
    from conference.deid import Draft, Known

_PROGRESS_FROM = 2_000_000  # bytes of a file from which a progress bar is shown on a terminal
_STEP = 200  # texts between two strokes of the bar


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `confer deid` to the command line."""
    parser = subparsers.add_parser("deid", help="hide the identifiers of HIPAA Safe Harbor in texts")
    parser.add_argument("files", nargs="+", metavar="FILE", help="texts to read; - is standard input")
    parser.add_argument(
        "--format", choices=("text", "jsonl", "html"), default="text", help="jsonl: one object a line, in and out"
    )
    parser.add_argument("--known", metavar="RECORD", help="a TOML file with the people and numbers of the case")
    parser.add_argument(
        "--anchor", type=date.fromisoformat, metavar="DATE", help="the day from which dates are counted"
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="PHRASE", help="a phrase to leave; may be repeated"
    )
    parser.add_argument(
        "--hide", action="append", default=[], metavar="PHRASE", help="a phrase to hide; may be repeated"
    )
    parser.add_argument("--explain", action="store_true", help="say for each finding what it is and why")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read every file, write what may be shown; 2 where the input cannot be read."""
    from conference.deid import Known, scan  # the tables are heavy

    try:
        known = read_known(Path(args.known)) if args.known else Known()
        for name in args.files:
            with _opened(name) as (stream, size):
                for line in _answers(args, known, stream, size, scan):
                    sys.stdout.write(line)
                    sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; nothing is left to tell
        return 0
    except (OSError, ValueError, KeyError, TypeError) as problem:
        print(f"confer deid: {_plain(problem)}", file=sys.stderr)
        return 2
    return 0


def _plain(problem: Exception) -> str:
    """What went wrong, without a word of the text."""
    if isinstance(problem, OSError):
        return f"{problem.filename}: {problem.strerror}"
    if isinstance(problem, UnicodeDecodeError):
        return "the input is not UTF-8"
    if isinstance(problem, json.JSONDecodeError):
        return "a line is not a JSON object with a text"
    if isinstance(problem, tomllib.TOMLDecodeError):
        return f"the record cannot be read: {problem}"
    return "a line or the record lacks a field or holds one of the wrong kind"


def _answers(args: argparse.Namespace, known: Known, stream: TextIO, size: int, scan: Any) -> Iterator[str]:
    options = {"anchor": args.anchor, "keep": frozenset(args.keep), "hide": frozenset(args.hide)}
    if args.format != "jsonl":
        draft = scan(stream.read(), known, **options)
        yield _page(draft) if args.format == "html" else draft.safe
        if args.explain:
            sys.stderr.writelines(_explained(draft))
        return
    scan("")  # reads the tables
    with sparing_what_is_loaded():
        for line in _watched(stream, size):
            if line.strip():
                row = json.loads(line)
                draft = scan(row["text"], known, **options)
                yield json.dumps(_row(row, draft, args.explain), ensure_ascii=False) + "\n"


def _row(row: dict[str, Any], draft: Draft, explain: bool) -> dict[str, Any]:
    """The answer to one JSON line: spans in characters of its text."""
    spans = []
    for finding in draft.findings:
        span: dict[str, Any] = {"start": finding.start, "end": finding.end, "label": finding.kind.value}
        if not finding.sure:
            span["unsure"] = True
        if explain:
            span |= {"reason": finding.reason, "replacement": finding.replacement, "known": finding.known}
        spans.append(span)
    answer: dict[str, Any] = {"id": row.get("id", ""), "spans": spans}
    if explain:
        answer["quasi"] = [
            {"start": q.start, "end": q.end, "reason": q.reason, "suggestion": q.suggestion} for q in draft.quasi
        ]
    return answer


def _explained(draft: Draft) -> Iterator[str]:
    for finding in draft.findings:
        doubt = "" if finding.sure else " (unsure)"
        yield f"{finding.start}-{finding.end} {finding.kind.value}{doubt}: {finding.reason} -> {finding.replacement}\n"
    for mark in draft.quasi:
        yield f"{mark.start}-{mark.end} quasi-identifier: {mark.reason}; {mark.suggestion}\n"


def _page(draft: Draft) -> str:
    """The preview as one page: hidden things marked with their kind, doubtful ones apart."""
    parts, at = [], 0
    for finding in draft.findings:
        parts.append(html.escape(draft.text[at : finding.start]))
        style = "sure" if finding.sure else "unsure"
        parts.append(
            f'<mark class="{style}" title="{html.escape(finding.reason)}">{html.escape(finding.replacement)}</mark>'
        )
        at = finding.end
    parts.append(html.escape(draft.text[at:]))
    css = "body{font:16px/1.5 sans-serif;max-width:45em;margin:2em auto;white-space:pre-wrap}.sure{background:#cde}.unsure{background:#fd8}"
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>De-identified</title><style>{css}</style><body>{"".join(parts)}</body></html>\n'


@contextmanager
def _opened(name: str) -> Iterator[tuple[TextIO, int]]:
    if name == "-":
        sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        yield sys.stdin, _size(sys.stdin)
        return
    path = Path(name)
    with path.open(encoding="utf-8") as stream:
        yield stream, path.stat().st_size


def _size(stream: TextIO) -> int:
    """Bytes of a redirected file; a pipe tells none."""
    try:
        return os.fstat(stream.fileno()).st_size
    except OSError:
        return 0


def _watched(stream: TextIO, size: int) -> Iterator[str]:
    """The lines; on a terminal and for a long file a bar shows how far it is."""
    show = size >= _PROGRESS_FROM and sys.stderr.isatty()
    done = 0
    while line := stream.readline():
        yield line
        if show:
            before, done = done, done + len(line.encode())
            if before * _STEP // size != done * _STEP // size:
                share = done / size
                sys.stderr.write(f"\r[{'#' * round(share * 30):<30}] {share:4.0%}")
    if show:
        sys.stderr.write("\n")


def read_known(path: Path) -> Known:
    """The sealed record of a case in TOML: `[[people]] role, names`, `birth_on`, `numbers`, `emails`, `addresses`, `organisations`."""
    from conference.deid import Known, KnownPerson, Role  # the tables are heavy

    record = tomllib.loads(path.read_text(encoding="utf-8"))
    people = tuple(KnownPerson(Role(p["role"]), tuple(p["names"])) for p in record.get("people", ()))
    born = record.get("birth_on")
    return Known(
        people=people,
        birth_on=date.fromisoformat(born) if isinstance(born, str) else born,
        numbers=tuple(map(str, record.get("numbers", ()))),
        emails=tuple(record.get("emails", ())),
        addresses=tuple(record.get("addresses", ())),
        organisations=tuple(record.get("organisations", ())),
    )
