"""What is kept, sealed: rows, the domain values they stand for, keys, notices, timers and the audit chain."""
