"""numpy in one thread: the tagger's products are small, and threads that wait for each other cost more than they save."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read once, when numpy is first imported

import numpy as np
from numpy.typing import NDArray

__all__ = ["NDArray", "np"]
