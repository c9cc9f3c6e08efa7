"""Seeing what a program computes: the recorded graph drawn and explained, and nan traced to its origin."""

from .drawing import Drawing, draw
from .explain import Explanation, explain
from .origins import Origin
from .trace_nan import NonFiniteError, trace_nan

__all__ = ["Drawing", "Explanation", "NonFiniteError", "Origin", "draw", "explain", "trace_nan"]
