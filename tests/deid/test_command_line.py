"""`confer deid` speaks text, JSON lines and HTML."""

import argparse
import io
import json
import sys

import pytest

from bot.cli import deid


def _run(monkeypatch, capsys, argv, typed=""):
    parser = argparse.ArgumentParser()
    deid.register(parser.add_subparsers())
    stdin = io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    args = parser.parse_args(["deid", *argv])
    status = args.run(args)
    return status, *capsys.readouterr()


def test_text_comes_back_safe(monkeypatch, capsys):
    """A plain text in, the safe text out, reasons beside it."""
    status, out, err = _run(monkeypatch, capsys, ["--explain", "-"], "Seen with Dr. Abernathy")
    assert (status, out) == (0, "Seen with Dr. [clinician]")
    assert "14-23 NAME: name -> [clinician]" in err


def test_json_lines_answer_with_spans(monkeypatch, capsys):
    """One line in, one line out, offsets in characters."""
    rows = [{"id": "a", "text": "😀 call 614-555-0187"}, {"id": "b", "text": "mood is fine"}]
    status, out, _ = _run(monkeypatch, capsys, ["--format", "jsonl", "-"], "\n".join(map(json.dumps, rows)))
    first, second = map(json.loads, out.splitlines())
    assert status == 0
    assert first == {"id": "a", "spans": [{"start": 7, "end": 19, "label": "PHONE"}]}
    assert second == {"id": "b", "spans": []}


def test_html_marks_and_escapes(monkeypatch, capsys):
    """The page escapes the text and marks the doubtful apart."""
    _, out, _ = _run(monkeypatch, capsys, ["--format", "html", "-"], "<b> Dr. Abernathy</b>")
    assert "&lt;b&gt;" in out
    assert '<mark class="sure" title="name">[clinician]</mark>' in out


def test_a_record_is_read(monkeypatch, capsys, tmp_path):
    """Known people come from a TOML file."""
    record = tmp_path / "record.toml"
    record.write_text(
        'birth_on = 1985-03-04\nnumbers = ["77-12-45"]\n[[people]]\nrole = "patient"\nnames = ["Hope Marsh"]\n'
    )
    note = tmp_path / "note.txt"
    note.write_text("hope marsh, 771245")
    status, out, _ = _run(monkeypatch, capsys, ["--known", str(record), str(note)])
    assert (status, out) == (0, "the patient, [id]")


@pytest.mark.parametrize("typed", ["{", '{"id": 1}', '{"text": 3}'])
def test_a_bad_line_is_told_without_its_text(monkeypatch, capsys, typed):
    """Status 2 and one plain sentence."""
    status, _, err = _run(monkeypatch, capsys, ["--format", "jsonl", "-"], typed)
    assert status == 2
    assert err.startswith("confer deid: a line")


def test_a_missing_file_is_told(monkeypatch, capsys, tmp_path):
    """The name of the file and the system's reason."""
    status, _, err = _run(monkeypatch, capsys, [str(tmp_path / "none.txt")])
    assert (status, "No such file" in err) == (2, True)
