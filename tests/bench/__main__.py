"""All benches, or those that are named: ``python -m tests.bench [start] [dispatch] [deid] [matrix] [slack]``. Status 1: a target was missed."""

import sys
from importlib import import_module
from importlib.util import find_spec

BENCHES = ("start", "dispatch", "deid", "matrix", "slack")


def main(names: list[str]) -> int:
    wrong = [name for name in names if name not in BENCHES]
    if wrong:
        sys.stderr.write(f"There is no bench {wrong[0]}; there are {', '.join(BENCHES)}.\n")
        return 2
    present = [name for name in names or BENCHES if find_spec(f"tests.bench.{name}")]
    status = [int(import_module(f"tests.bench.{name}").main() or 0) for name in present]
    return max(status, default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
