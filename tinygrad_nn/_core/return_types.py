"""Named results of operations with several outputs, such as ``x.max(dim=1)``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.max.html
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _result_type(name: str, fields: str) -> Any:
    make: Any = namedtuple  # mypy wants to see the fields here
    base = make(name, fields)

    def show(self: Any) -> str:
        lines = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{lines})"

    shown = {"__repr__": show, "__slots__": (), "__doc__": f"Result of `{name}`: {fields}.", "__module__": __name__}
    return type(name, (base,), shown)


max = _result_type("max", "values indices")
min = _result_type("min", "values indices")
aminmax = _result_type("aminmax", "min max")
sort = _result_type("sort", "values indices")
topk = _result_type("topk", "values indices")
mode = _result_type("mode", "values indices")
median = _result_type("median", "values indices")
kthvalue = _result_type("kthvalue", "values indices")
cummax = _result_type("cummax", "values indices")
cummin = _result_type("cummin", "values indices")
