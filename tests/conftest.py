"""What holds for all tests."""

from __future__ import annotations

import os

# Threads gain nothing on arrays as small as the tests', and on a busy machine they wait for each other for seconds.
# Set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
