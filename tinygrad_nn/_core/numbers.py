"""Numbers that programs compute with, such as the 2 of ``x * 2``, as arrays.

A ufunc takes half the time for an array of no dimension that it takes for a float of Python's (0.3 us of 0.6). So each
number is made into an array once, and found again in a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import FLOAT32, FLOAT64, INT64

Table = dict[float, np.ndarray[Any, Any]]

# Zeros are in no table, as 0.0 and -0.0 are the same key. (An array of zero counts as not found.)
TABLE_32: Table = {}
TABLE_64: Table = {}
TABLE_INT64: Table = {}
_TABLES = {FLOAT32: TABLE_32, FLOAT64: TABLE_64, INT64: TABLE_INT64}
_ZEROS = {dtype: np.zeros((), dtype) for dtype in _TABLES}
_MOST = 1000
for _zero in _ZEROS.values():
    _zero.flags.writeable = False


def as_array(number: float, dtype: np.dtype[Any]) -> Any:
    """A number that is not in the table of its type, which is one of these three; from now on it is.

    A number that is too large for its type is given back as it is.
    """
    if number == 0 and str(number)[0] != "-":
        return _ZEROS[dtype]
    try:
        with np.errstate(all="ignore"):
            array = np.array(number, dtype)
    except OverflowError:
        return number
    array.flags.writeable = False
    if number:
        table = _TABLES[dtype]
        if len(table) >= _MOST:
            table.clear()
        table[number] = array
    return array


def operand(number: Any, dtype: np.dtype[Any]) -> Any:
    """A number as NumPy takes it soonest beside an array of this type: as an array, for the usual types."""
    if dtype is FLOAT32:
        return TABLE_32.get(number) or as_array(number, dtype)
    if dtype is FLOAT64:
        return TABLE_64.get(number) or as_array(number, dtype)
    return number


def is_number(value: Any) -> bool:
    """Whether a value that an op was given, or has saved, is a number of the program, and nothing of a tensor's."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and not value.flags.writeable
    return not isinstance(value, np.generic)
