"""Arguments that several commands share; light, because every ``--help`` loads it."""

import argparse


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (default: $CONFER_CONFIG, else ./confer.toml)"
    )
