"""What holds for all tests."""

from __future__ import annotations

import os

# Threads gain nothing on arrays as small as the tests', and on a busy machine they wait for each other for seconds.
# Set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

# Most ops are imported when they are first asked for, and one comes with the modules; tests go over all of them.
import tinygrad_nn.nn  # noqa: F401
from tinygrad_nn._core import later

later.load_all()

# On a busy machine drawing is slow by chance, which says nothing about what is drawn.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
