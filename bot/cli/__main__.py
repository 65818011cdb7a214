"""``python -m bot.cli``: the command line without its script."""

import sys

from bot.cli import main

sys.exit(main())
