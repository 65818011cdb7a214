"""How fast it is: ``python -m tests.bench``. Every figure stands beside a baseline of the same run."""
