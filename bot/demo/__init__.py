"""One week of an invented team, played through the real bot: a demonstration, and a test of the whole."""
