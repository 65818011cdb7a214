"""The medicine of the meeting: values, state machines, rules and de-identification. No I/O, no clock, no logging."""
