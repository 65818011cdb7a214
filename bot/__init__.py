"""The conversation and the running programme."""
