"""All benches, or those that are named: ``python -m tests.bench [start] [dispatch] [deid] [matrix] [slack] [timers] [burst] [instances] [matrix-long]``.

``matrix-long`` runs only when it is named. Status 1: a target was missed.
"""

import sys
from importlib import import_module
from importlib.util import find_spec

BENCHES = ("start", "dispatch", "deid", "matrix", "slack", "timers", "burst", "instances")
LONG = ("matrix-long",)


def main(names: list[str]) -> int:
    wrong = [name for name in names if name not in BENCHES + LONG]
    if wrong:
        sys.stderr.write(f"There is no bench {wrong[0]}; there are {', '.join(BENCHES + LONG)}.\n")
        return 2
    modules = [f"tests.bench.{name.replace('-', '_')}" for name in names or BENCHES]
    status = [int(import_module(module).main() or 0) for module in modules if find_spec(module)]
    return max(status, default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
