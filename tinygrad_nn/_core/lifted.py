"""Arrays that stand for more than one: what `vmap` and forward differentiation put into tensors.

Inside ``vmap(f)`` a tensor shows the shape of one example, while an array of all of them lies behind it; inside ``jvp``
a tensor has a tangent. Such a tensor is *lifted*: a `Lifted` stands in the place of its array. It has an array's shape
and dtype, so everything that asks for these works as ever, and no elements.

An op that is given a lifted tensor cannot run its forward function. `refusing` says so with a `LiftedError`, and the
op's caller hands the call to the transform, the `Level`, that has made the tensor; so does a function written in ops
whose code asks for elements. Where no transform runs, none of this is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .modes import modes

if TYPE_CHECKING:
    from .op import Op
    from .tensor import Tensor


class LiftedError(RuntimeError):
    """Elements were asked for where there is no one array."""

    def __str__(self) -> str:
        return super().__str__() or no_elements("this operation")


class Level:
    """A transform that runs. One that was entered later has a greater number, and is asked first."""

    number = 0
    alive = False
    draws = False  # whether it decides about random numbers, see `check_draw`

    def enter(self) -> None:
        """From now on, calls with lifted tensors come here."""
        self.number = modes.here.levels[-1].number + 1 if modes.here.levels else 1
        self.alive = True
        if not modes.here.levels:
            modes.here.quiet = refusing(modes.here.quiet)
        modes.here.levels = (*modes.here.levels, self)

    def leave(self) -> None:
        """The transform has ended, and its tensors with it."""
        self.alive = False
        modes.here.levels = tuple([level for level in modes.here.levels if level is not self])
        if not modes.here.levels:
            modes.here.quiet = modes.here.quiet.allowing  # type: ignore[attr-defined]  # see `refusing`

    def operation(self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The result of an op of which some inputs (or options) are lifted by this level."""
        raise NotImplementedError

    def function(self, called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a function whose code has asked for elements."""
        raise NotImplementedError

    def custom(self, function: Any, args: tuple[Any, ...]) -> Any:
        """The result of an `autograd.Function` of which some arguments are lifted by this level."""
        raise NotImplementedError

    def getitem(self, x: Tensor, index: Any) -> Tensor:
        """``x[index]``, where the tensor or a part of the index is lifted by this level."""
        raise NotImplementedError

    def setitem(self, x: Tensor, index: Any, value: Any) -> None:
        """``x[index] = value``, where one of the three is lifted by this level."""
        raise NotImplementedError

    def special_method(self, lifted: Lifted, name: str, args: tuple[Any, ...]) -> Any:
        """The result of an operator on the array, or of another special method, if that can be told.

        Raises:
            LiftedError: it cannot.
        """
        raise LiftedError(no_elements(name))

    def store(self, target: Tensor, result: Tensor) -> Tensor:
        """Store a result in a tensor, which is returned; one of them, or both, are lifted by this level."""
        raise NotImplementedError

    def attribute(self, lifted: Lifted, name: str) -> Any:
        """What an attribute of the array would be, if that can be told.

        Raises:
            LiftedError: it cannot.
        """
        raise LiftedError(no_elements(name))

    def zeros(self, lifted: Lifted) -> Tensor:
        """Zeros like what is lifted."""
        raise NotImplementedError

    def check_draw(self) -> None:
        """Whether random numbers may be drawn, see `check_draw`."""

    def numpy(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a NumPy function on the array, if that can be told.

        Raises:
            LiftedError: it cannot.
        """
        raise LiftedError(no_elements(getattr(function, "__name__", str(function))))


class Lifted:
    """What stands in a tensor in the place of its array."""

    __slots__ = ("dtype", "level", "ndim", "shape", "size", "tangent", "value")

    value: Tensor  # what it stands for: all examples, or the tensor without its tangent
    tangent: Tensor | None
    level: Any  # the `Level` that has made it
    shape: tuple[int, ...]
    dtype: Any
    ndim: int
    size: int

    def __getattr__(self, name: str) -> Any:
        return self.level.attribute(self, name)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.level.attribute(self, "__array__")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return self.level.numpy(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if function.__name__ in _SHAPE_ONLY:
            return getattr(args[0], function.__name__)
        return self.level.numpy(function, args, kwargs)

    def __len__(self) -> int:
        return self.shape[0]


_SHAPE_ONLY = ("shape", "ndim", "size")


def _refuse(name: str) -> Any:
    def method(self: Lifted, *args: Any) -> Any:
        return self.level.special_method(self, name, args)

    return method


for _name in (
    "bool", "int", "float", "complex", "index", "getitem", "setitem", "iter", "contains", "eq", "ne", "lt", "le", "gt",
    "ge", "neg", "abs", "invert", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "and", "rand",
    "or", "ror", "mod", "floordiv", "pow", "rpow", "matmul", "rmatmul",
):  # fmt: skip
    setattr(Lifted, f"__{_name}__", _refuse(f"__{_name}__"))
Lifted.__hash__ = object.__hash__  # type: ignore[method-assign]


def all_zero(array: Any) -> bool:
    """Whether all elements are zero, of every example, and have no tangent."""
    while type(array) is Lifted:
        if array.tangent is not None:
            return False
        array = array.value._array
    return not array.any()


def elements_of(array: Any) -> Any:
    """All elements there are: of every example, in further dimensions in front."""
    while type(array) is Lifted:
        array = array.value._array
    return array


def lifted_of(value: Any) -> Lifted | None:
    """What stands in a tensor in the place of its array; None for an ordinary tensor, and for anything else."""
    array = getattr(value, "_array", None)
    return array if type(array) is Lifted else None


def no_elements(name: str) -> str:
    """What to say to a user who asks for elements."""
    if name in ("copyto", "may_share_memory", "shares_memory"):
        return (
            "vmap: an in-place operation is not possible because another of its tensors is vmapped over and the one "
            "that is written to is not: it has no room for the results of all examples. Please try to use "
            "out-of-place operators instead, or write to a tensor made of one that is vmapped over: x.new_zeros(...)."
        )
    return (
        f"vmap: {name!r} needs the elements of a tensor that is vmapped over (or has a tangent), of which there is no "
        "one array here"
    )


def refusing(quiet: Callable[..., Any]) -> Callable[..., Any]:
    """``modes.here.quiet`` while a transform runs: refuses to call a forward function on what is no array."""

    def call(function: Callable[..., Any], *arrays: Any, **options: Any) -> Any:
        for array in arrays:
            if type(array) is Lifted:
                raise LiftedError
        if options:
            for value in options.values():
                if type(value) is Lifted:
                    raise LiftedError
        return quiet(function, *arrays, **options)

    call.allowing = quiet  # type: ignore[attr-defined]  # what it was
    return call


# --- handing a call to its transform ------------------------------------------------------------------------------


def top_level(values: Iterable[Any]) -> Any:
    """The youngest transform that has lifted one of the values, or of what stands in lists or dictionaries of them."""
    found: Level | None = None
    for value in values:
        kind = type(value)
        if kind is list or kind is tuple:
            level = top_level(value)
        elif kind is dict:
            level = top_level(value.values())
        else:
            lifted = value if kind is Lifted else lifted_of(value)
            level = None if lifted is None else lifted.level
        if level is not None and (found is None or level.number > found.number):
            found = level
    return found


def _responsible(*values: Any) -> Level:
    """The transform to ask. To be called while a `LiftedError` is handled, which goes on if there is none."""
    level: Level | None = top_level(values)
    if level is None:
        raise
    return level


def operation(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Tensor | None = None) -> Any:
    """The result of an op that was given lifted tensors."""
    level = _responsible(inputs, options)
    if out is not None:
        raise LiftedError(f"{op.name}(): out= does not go together with vmap or jvp. Use the result instead.")
    if options.get("statistics") is not None:  # an array to which the op writes: whoever made it is to be asked
        raise LiftedError(no_elements(op.name))
    return level.operation(op, inputs, options)


def function(called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a function whose code has asked for elements."""
    drawing = [level for level in modes.here.levels if level.draws]
    level = drawing[-1] if drawing and top_level((args, kwargs)) is None else _responsible(args, kwargs)
    return level.function(called, args, kwargs)


def lifted_getitem(x: Tensor, index: Any) -> Tensor:
    """``x[index]``, where the tensor or a part of the index is lifted."""
    level: Level = top_level((x, index))
    return level.getitem(x, index)


def lifted_setitem(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``, where one of the three is lifted."""
    level: Level = top_level((x, index, value))
    level.setitem(x, index, value)


def store(target: Tensor, result: Tensor) -> Tensor:
    """The end of an in-place operation, where its target or its result is lifted."""
    level: Level = top_level((target, result))
    return level.store(target, result)


def check_draw() -> None:
    """Asked before random numbers are drawn while a transform runs.

    Raises:
        RuntimeError: `vmap` was not told whether they are to be the same for all examples.
        LiftedError: they are not, so the function that draws has to draw for all of them at once.
    """
    for level in modes.here.levels[::-1]:
        level.check_draw()
