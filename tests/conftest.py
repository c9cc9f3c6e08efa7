"""What holds for all tests."""

from __future__ import annotations

import os

# Threads gain nothing on arrays as small as the tests', and on a busy machine they wait for each other for seconds.
# Set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

# These two load ops that the package loads when they are first used; tests go over all ops.
import tinygrad_nn.fft
import tinygrad_nn.nn.functional  # noqa: F401

# On a busy machine drawing is slow by chance, which says nothing about what is drawn.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
