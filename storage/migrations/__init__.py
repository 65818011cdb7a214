"""The way from each schema to the next; see README.md for how to add a step."""
