"""Time as clocks and calendars have it: zones, series, jumps of the clock."""
