"""Chat platforms: how words come in and cards go out. Nothing in here knows what a case is."""
