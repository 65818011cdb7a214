"""What each command does: short stories that obtain, act and answer. A handler never sends."""
