"""Named results of operations with several outputs, such as ``x.max(dim=1)``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.max.html
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any


class _Result(tuple[Any, ...]):
    """A tuple whose values have names. (A `collections.namedtuple` takes twenty times as long to define.)"""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, *values: Any) -> Any:
        if len(values) == 1 and len(cls._fields) > 1:  # PyTorch's way: one sequence
            (values,) = values
        if len(values) != len(cls._fields):
            raise TypeError(f"{cls.__name__}() takes a {len(cls._fields)}-sequence ({len(values)}-sequence given)")
        return super().__new__(cls, values)

    @property
    def n_fields(self) -> int:
        """The number of values."""
        return len(self._fields)

    def __repr__(self) -> str:
        lines = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{lines})"

    def __reduce__(self) -> Any:
        return type(self), tuple(self)


def _result_type(name: str, fields: str) -> Any:
    names = tuple(fields.split())
    members: dict[str, Any] = {field: property(itemgetter(i)) for i, field in enumerate(names)}
    members |= {"__slots__": (), "_fields": names, "__doc__": f"Result of `{name}`: {fields}.", "__module__": __name__}
    return type(name, (_Result,), members)


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
nanmedian = _result_type("nanmedian", "values indices")
histogram = _result_type("histogram", "hist bin_edges")
histogramdd = _result_type("histogramdd", "hist bin_edges")

# linear algebra
linalg_inv_ex = _result_type("linalg_inv_ex", "inverse info")
linalg_slogdet = _result_type("linalg_slogdet", "sign logabsdet")
slogdet = _result_type("slogdet", "sign logabsdet")
linalg_solve_ex = _result_type("linalg_solve_ex", "result info")
triangular_solve = _result_type("triangular_solve", "solution cloned_coefficient")
linalg_cholesky_ex = _result_type("linalg_cholesky_ex", "L info")
linalg_lu = _result_type("linalg_lu", "P L U")
linalg_lu_factor = _result_type("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = _result_type("linalg_lu_factor_ex", "LU pivots info")
lu_unpack = _result_type("lu_unpack", "P L U")
linalg_qr = _result_type("linalg_qr", "Q R")
qr = _result_type("qr", "Q R")
geqrf = _result_type("geqrf", "a tau")
linalg_svd = _result_type("linalg_svd", "U S Vh")
svd = _result_type("svd", "U S V")
linalg_eigh = _result_type("linalg_eigh", "eigenvalues eigenvectors")
linalg_eig = _result_type("linalg_eig", "eigenvalues eigenvectors")
linalg_lstsq = _result_type("linalg_lstsq", "solution residuals rank singular_values")
linalg_ldl_factor = _result_type("linalg_ldl_factor", "LD pivots")
linalg_ldl_factor_ex = _result_type("linalg_ldl_factor_ex", "LD pivots info")
frexp = _result_type("frexp", "mantissa exponent")
