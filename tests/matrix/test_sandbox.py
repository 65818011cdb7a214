"""``confer sandbox``: one command, a team to talk to, and nothing left of it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.signals import heard


def test_sandbox_begins_and_leaves_nothing(tmp_path: Path) -> None:
    """It says how to log in, its team can be talked to with any client, and Ctrl-C removes processes and files."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "bot.cli", "sandbox"]
    with heard():
        sandbox = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert sandbox.stdout
        said = ""
        while "gone at Ctrl-C" not in said:
            line = sandbox.stdout.readline()
            assert line, said
            said += line
        found = re.search(r"(http://127\.0\.0\.1:\d+) .*Log in as +(\w+), .* password (\S+)", said, re.DOTALL)
        assert found
        assert re.search(r'with the team "North clinic" and the bot @confer:', said)
        folders = [f for f in tmp_path.iterdir() if f.name.startswith("confer-sandbox-")]
        assert len(folders) == 1
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.wait(40) == 0
        assert not [f for f in tmp_path.iterdir() if f.name.startswith("confer-sandbox-")]
        left = subprocess.run(["pgrep", "-f", str(folders[0])], capture_output=True, text=True).stdout
        assert not left
    finally:
        if sandbox.poll() is None:
            sandbox.kill()
