"""Benchmarks: this package beside PyTorch, hand-written NumPy and other autograds. See README.md."""
