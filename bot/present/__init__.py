"""How things are said: domain values to cards. One wording, one place."""
