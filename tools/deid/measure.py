"""Measure the engine on annotated texts and list what it left or hid for nothing.

    python -m tools.deid.measure FILE ... [--both] [--sixth] [--errors] [--from N] [--label NAME]

Files are JSON lines or marked-up texts (`[[LABEL:words]]`, blocks parted by `---`). The figures are those of
`../shared/deid/evaluate.py`, whose code is used. Of a file named `held_out` only aggregate figures are printed.
"""

import argparse
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from conference.deid import Draft, scan

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT.parent / "shared" / "deid" / "evaluate.py"
Note = dict[str, Any]


def module(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def notes(path: Path, first: int = 0) -> list[Note]:
    """The annotated notes of a file, from the numbered one on."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(row) for row in source.splitlines()[first:]]
    parse = module(ROOT / "tests" / "deid" / "texts" / "build.py").parse
    found = []
    for block in re.split(r"^---$\n?", source, flags=re.MULTILINE):
        if block.strip():
            text, spans = parse(block.strip("\n"))
            found.append({"id": f"{path.stem}-{len(found) + 1}", "source": path.stem, "text": text, "spans": spans})
    return found[first:]


def left_out(at: int) -> bool:
    """Whether the note with this number is one of those that nothing learns from."""
    return at % 6 == 5


def lowered(note: Note) -> Note:
    """The note in lower case, where that keeps its offsets."""
    low = note["text"].lower()
    return note | {"text": low} if len(low) == len(note["text"]) else note


def errors(note: Note, draft: Draft, label: str | None) -> Iterator[str]:
    """A line for each identifier that is left in part, and for each finding that touches none."""
    text = draft.text
    hidden = {i for f in draft.findings for i in range(f.start, f.end)}
    for span in note["spans"]:
        if span["label"].startswith(("QUASI", "IGNORE")) or (label and span["label"] != label):
            continue
        part = range(span["start"], span["end"])
        words = text[span["start"] : span["end"]]
        stays = {
            span["start"] + i
            for m in re.finditer(r"\A(?:(?:dr|mr|mrs|ms|miss|prof)\b\.?\s*)+|(?<!\d)(?:19|20)\d\d(?!\d)", words, re.I)
            for i in range(*m.span())
        }
        left = [i for i in part if text[i].isalnum() and i not in hidden and i not in stays]
        if left:
            yield f"LEFT {span['label']:9} {note['id']}: {_around(text, span['start'], span['end'])}   left: {''.join(text[i] for i in left)}"
    marked = {i for s in note["spans"] for i in range(s["start"], s["end"])}
    for finding in draft.findings:
        if not label and not any(i in marked for i in range(finding.start, finding.end)):
            yield f"GAIN {finding.kind:9} {note['id']}: {_around(text, finding.start, finding.end)}   {finding.reason}"


def _around(text: str, start: int, end: int) -> str:
    return f"{text[max(0, start - 35) : start]}<<{text[start:end]}>>{text[end : end + 30]}".replace("\n", "/")


def figures(found: list[Note]) -> dict[str, Any]:
    """The evaluation script's results."""

    def spans(text: str) -> list[tuple[int, int, str]]:
        return [(f.start, f.end, f.kind.value) for f in scan(text).findings]

    answer: dict[str, Any] = module(SCRIPT).evaluate(found, spans)
    return answer


def told(name: str, result: dict[str, Any]) -> str:
    """One line of figures, and one of recall by label."""
    a, speed = result["results"]["ALL"], result["speed"]
    labels = ", ".join(
        f"{k[4:]} {v['n'] - v['leaks']}/{v['n']}"
        for k, v in result["results"].items()
        if k.startswith("lab:") and "QUASI" not in k
    )
    return (
        f"{name}: {a['docs']} notes; hidden whole {_share(a['entity_recall'])} of {a['n']}; leaky {_share(a['leaky_doc_rate'])}; "
        f"precision {_share(a['entity_precision'])}; over-redaction {100 * a['over_redaction']:.2f} %; clean touched "
        f"{a['neg_docs_touched']} of {a['neg_docs']}; {speed['chars_per_s'] / 1e3:.1f} k characters a second\n    {labels}\n"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def main() -> None:
    """Print figures, and the errors where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--lower", action="store_true", help="in lower case")
    parser.add_argument("--both", action="store_true", help="as written, then in lower case")
    parser.add_argument("--errors", action="store_true", help="list what was left and what was hidden for nothing")
    parser.add_argument("--sixth", action="store_true", help="of all files together, only every sixth note of each")
    parser.add_argument("--from", dest="first", type=int, default=0, help="leave out so many notes of each file")
    parser.add_argument("--label", help="list what was left of this label only")
    args = parser.parse_args()
    sets = [(path.name, notes(path, args.first)) for path in args.files]
    if args.sixth:
        left = [n for _, found in sets for at, n in enumerate(found) if left_out(at)]
        sets = [("every sixth note", left)]
    for title, written in sets:
        secret = any("held_out" in n["id"] or "held_out" in title for n in written)
        for name, form in (("as written", dict), ("lower case", lowered)):
            if not args.both and (name == "lower case") is not args.lower:
                continue
            found = [form(n) for n in written]
            if (args.errors or args.label) and not secret:
                for note in found:
                    sys.stdout.writelines(f"{line}\n" for line in errors(note, scan(note["text"]), args.label))
            sys.stdout.write(told(f"{title}, {name}", figures(found)))


if __name__ == "__main__":
    main()
