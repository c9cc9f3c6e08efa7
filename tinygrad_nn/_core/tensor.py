"""The tensor: a NumPy array, the edge that leads to the node which made it, and a gradient.

Only what needs no operation stands here. Operations become methods when they are registered (see `op`), so the tensor
and the ops never import each other.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from . import dtypes, later
from .blocks import offset_of, strides_of
from .device import CPU, device
from .dtypes import dtype
from .graph import AccumulateGrad, Edge, Node, Nowhere, View
from .inference import INFERENCE, InferenceCell
from .later import LaterMethod
from .layouts import strided
from .memory_format import contiguous_format, has_format, memory_format
from .modes import inference_watchers, modes
from .printing import format_tensor

if TYPE_CHECKING:
    # What registration adds, for editors and type checkers: written by tools/make_stubs.py.
    from .tensor_methods import TensorMethods
else:
    TensorMethods = object

F = TypeVar("F", bound=Callable[..., Any])


_NO_LEAF = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
    "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
    "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the "
    "leaf Tensor instead."
)


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3).shape
        torch.Size([2, 3])
        >>> tg.zeros(2, 3).shape.numel()
        6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        product = 1
        for length in self:
            product *= length
        return product

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if type(index) is slice else found

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Any:
        return Size(other + tuple(self))

    def __mul__(self, count: Any) -> Any:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"  # as programs print it, which call the package so


class Tensor(TensorMethods):
    """An array that records what is done with it.

    ``Tensor(data)`` makes a float tensor from nested lists, and ``Tensor(2, 3)`` one of that size, not initialised.
    New programs use `tinygrad_nn.tensor`, which keeps the data's own type.

    Source: https://docs.pytorch.org/docs/stable/tensors.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_cell", "_edge", "_grad", "_view")

    _array: np.ndarray[Any, Any]
    _edge: Edge | None  # where gradients go; None: this tensor needs none
    _grad: Tensor | None
    _cell: list[int]  # [writes, recorded writes] into this memory; shared by all its views
    _view: View | None

    # NumPy: our operators go before an ndarray's.
    __array_priority__ = 1000

    def __init__(self, *data: Any) -> None:
        self._edge = self._grad = self._view = None
        self._cell = INFERENCE if modes.here.inference else [0, 0]
        if not data:
            self._array = np.empty(0, dtypes.default_numpy())
        elif all(isinstance(size, int | np.integer) for size in data):
            self._array = np.zeros(data, dtypes.default_numpy())
        elif len(data) == 1 and isinstance(data[0], Size):
            self._array = np.zeros(data[0], dtypes.default_numpy())
        elif len(data) == 1 and isinstance(data[0], Tensor):
            self._array = data[0]._array
        elif len(data) == 1 and not isinstance(data[0], str | None | dict):
            self._array = np.array(data[0], dtypes.default_numpy())
        else:
            raise TypeError(f"Tensor(): expected sizes (integers) or one sequence of data, got {data!r}")

    # --- what it is ----------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The length of each dimension."""
        return Size(self._array.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of one dimension."""
        if dim is None:
            return Size(self._array.shape)
        return self._array.shape[check_dim(dim, self._array.ndim)]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        """The size of one element, in bytes."""
        return self._array.itemsize

    @property
    def itemsize(self) -> int:
        """The size of one element, in bytes."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """The size of all elements, in bytes."""
        return self._array.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie between neighbours, for each dimension or for one."""
        strides = strides_of(self._array)
        return strides if dim is None else strides[check_dim(dim, self._array.ndim)]

    def data_ptr(self) -> int:
        """The memory address of the first element."""
        return int(self._array.__array_interface__["data"][0])

    def storage_offset(self) -> int:
        """How many elements lie before the first one in the memory that this tensor shares with others."""
        return offset_of(self._array)

    def is_contiguous(self, memory_format: memory_format = contiguous_format) -> bool:
        """Whether the elements lie in memory row by row, or in another order, without gaps."""
        return has_format(self._array, memory_format)

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._array.dtype)

    def is_floating_point(self) -> bool:
        """Whether the elements are real floating point numbers."""
        return bool(self._array.dtype.kind == "f")

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers."""
        return bool(self._array.dtype.kind == "c")

    @property
    def device(self) -> device:
        """The device, always the CPU."""
        return CPU

    # There is one device and one kind of storage.
    is_cpu = True
    is_cuda = is_ipu = is_maia = is_meta = is_mps = is_mtia = is_vulkan = is_xla = is_xpu = False
    is_mkldnn = is_nested = is_quantized = is_sparse = is_sparse_csr = False
    layout = strided

    def get_device(self) -> int:
        """The number of the device: -1, the CPU's."""
        return -1

    # --- its place in the graph ----------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that a gradient can be computed.

        Raises:
            RuntimeError: set on a tensor of integers or booleans, or switched off on the result of an operation.
        """
        return self._edge is not None or (self._view is not None and self._view.base._edge is not None)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start or stop recording operations on this leaf tensor."""
        edge = current_edge(self)
        if requires_grad and edge is None:
            if self._array.dtype.kind not in "fc":
                raise RuntimeError(
                    "only Tensors of floating point and complex dtype can require gradients, got "
                    f"{self.dtype}. Convert first: x.float().requires_grad_()"
                )
            if type(self._cell) is InferenceCell and not modes.here.inference:
                raise RuntimeError(
                    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed. Make it of a "
                    "clone: x.clone().requires_grad_()"
                )
            self._edge = (AccumulateGrad(self), 0)
        elif not requires_grad and edge is not None:
            if not isinstance(edge[0], AccumulateGrad):
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            self._edge = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        edge = current_edge(self)
        return edge is None or isinstance(edge[0], AccumulateGrad)

    @property
    def grad_fn(self) -> Node | None:
        """The node that recorded the operation which made this tensor; None for leaves."""
        edge = current_edge(self)
        return None if edge is None or isinstance(edge[0], AccumulateGrad) else edge[0].as_shown()

    @property
    def output_nr(self) -> int:
        """Which output of its `grad_fn` this tensor is."""
        return self._edge[1] if self._edge is not None else 0

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has accumulated here; None before, and (with a warning) where there is no leaf.

        Raises:
            TypeError: set to anything but a tensor or None.
            RuntimeError: set to a tensor of another shape or dtype.
        """
        if self._grad is None and not self.is_leaf and "_retains_grad" not in self.__dict__:
            warnings.warn(_NO_LEAF, UserWarning, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value._array.shape)}' to a tensor of size "
                    f"'{list(self._array.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
            if value._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype {value.dtype} to a tensor of dtype {self.dtype}. "
                    f"Please ensure that the gradient and the tensor have the same dtype"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def _version(self) -> int:
        """How often this memory has been written to.

        Raises:
            RuntimeError: this is an inference tensor.
        """
        if type(self._cell) is InferenceCell:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._cell[0]

    @property
    def _base(self) -> Tensor | None:
        """The tensor that this one is a view of."""
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        """Whether this tensor is a view of another that autograd knows of."""
        return self._view is not None

    def detach(self) -> Tensor:
        """The same memory, outside the graph. Writes into it are seen by both."""
        return wrap(self._array, cell=self._cell)

    def detach_(self) -> Tensor:
        """Take this tensor out of the graph that made it: it becomes a leaf that needs no gradient.

        Raises:
            RuntimeError: the tensor is a view.
        """
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._edge = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory, outside the graph, whose writes autograd does not notice. Prefer `detach`."""
        return wrap(self._array, cell=INFERENCE if type(self._cell) is InferenceCell else None)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Tensor.data: expected a Tensor, got {type(value).__name__}")
        if self._edge is not None and value._array.dtype.kind not in "fc":
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype, got "
                f"{value.dtype}"
            )
        self._array = value._array

    # --- out to NumPy and Python ---------------------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself: the memory is shared.

        Args:
            force: detach first, instead of raising.

        Raises:
            RuntimeError: the tensor requires grad, and gradients are recorded.
        """
        if self.requires_grad and not force and modes.here.grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._array if type(self._array) is np.ndarray else np.asarray(self._array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.requires_grad and modes.here.grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead. "
                "(np.asarray would leave the graph, and its gradient would be lost without a word.)"
            )
        if type(self._array) is not np.ndarray:
            return np.asarray(self._array, dtype)
        if dtype is None or np.dtype(dtype) == self._array.dtype:
            return self._array.copy() if copy else self._array
        if copy is False:
            raise ValueError(f"Unable to avoid copy while making a {np.dtype(dtype)} array of a {self.dtype} tensor")
        return self._array.astype(dtype)

    def item(self) -> Any:
        """The only element, as a Python number.

        Raises:
            RuntimeError: there is not exactly one element.
        """
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to Scalar. "
                "Reduce it first (x.mean(), x.sum()) or use x.tolist()."
            )
        return self._array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._array.tolist()

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __bool__(self) -> bool:
        if self._array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous. Use x.numel() == 0.")
        if self._array.size > 1:
            raise RuntimeError(
                "Boolean value of Tensor with more than one value is ambiguous. Use x.any() or x.all()."
            )
        return bool(self._array)

    def __int__(self) -> int:
        return int(self._real_number())

    def __float__(self) -> float:
        return float(self._real_number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Any:
        if self._array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, got shape {list(self._array.shape)}. "
                "Reduce it first (x.mean(), x.sum()) or use x.tolist()."
            )
        return self._array.item()

    def _real_number(self) -> Any:
        value = self._number()
        if isinstance(value, complex):
            if value.imag:
                raise RuntimeError(
                    f"value cannot be converted to type double without overflow: {value} is complex. Use x.real "
                    "or abs(x)."
                )
            return value.real
        return value

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "biu":
            raise TypeError(
                f"only integer tensors of a single element can be converted to an index, got {self.dtype} of shape "
                f"{list(self._array.shape)}"
            )
        return int(self._array.item())

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, spec: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return format(self._array.item(), spec)
        return object.__format__(self, spec)

    def __repr__(self) -> str:
        node = self.grad_fn
        if node is not None:
            return format_tensor(self._array, suffixes=[f"grad_fn=<{type(node).__name__}>"])
        return format_tensor(self._array, suffixes=["requires_grad=True"] if self.requires_grad else [])

    # --- copies --------------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment. Use x.detach().clone() for a copy outside the graph."
            )
        if id(self) in memo:
            found: Tensor = memo[id(self)]
            return found
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__setstate__((self._array.copy(order="K"), self.requires_grad, copy.deepcopy(self._grad, memo), {}))
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError("can't pickle a tensor that is part of a graph. Use x.detach() first.")
        state = (self._array, self.requires_grad, self._grad, dict(self.__dict__))
        return _empty, (type(self),), state

    def __setstate__(self, state: tuple[np.ndarray[Any, Any], bool, Tensor | None, dict[str, Any]]) -> None:
        self._array, requires_grad, self._grad, attributes = state
        self._edge = self._view = None
        self._cell = [0, 0]
        self.__dict__.update(attributes)
        self.requires_grad_(requires_grad)


# What stands in the class itself; the rest has been registered.
OWN_ATTRIBUTES = frozenset(vars(Tensor))


def _empty(kind: type[Tensor]) -> Tensor:
    return kind.__new__(kind)


_new = object.__new__


def wrap(array: np.ndarray[Any, Any], edge: Edge | None = None, cell: list[int] | None = None) -> Tensor:
    """A tensor around this very array: the one way in which the engine makes tensors."""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._edge = edge
    tensor._grad = tensor._view = None
    tensor._cell = [0, 0] if cell is None else cell
    return tensor


def _wrap_while_inferring(
    array: np.ndarray[Any, Any], edge: Edge | None = None, cell: list[int] | None = None
) -> Tensor:
    """`wrap` while some thread is in inference mode."""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._edge = edge
    tensor._grad = tensor._view = None
    tensor._cell = (INFERENCE if modes.here.inference else [0, 0]) if cell is None else cell
    return tensor


_USUAL, _WHILE_INFERRING = wrap.__code__, _wrap_while_inferring.__code__


def _switch_wrap(inferring: bool) -> None:
    """Let `wrap` ask for inference mode, or not.

    It makes every tensor, and most programs never enter that mode: what they would pay for asking, each time, they do
    not pay, because the function itself is another one for as long as anybody is in it.
    """
    wrap.__code__ = _WHILE_INFERRING if inferring else _USUAL


inference_watchers.append(_switch_wrap)


def current_edge(tensor: Tensor) -> Edge | None:
    """The tensor's edge, made anew for a view whose base has been written to since.

    Only views need this; for others it is ``tensor._edge``.

    Raises:
        RuntimeError: the view cannot be made anew.
    """
    view = tensor._view
    if view is None:
        return tensor._edge
    if view.origin:
        if view.version != tensor._cell[0] and modes.here.grad and tensor.requires_grad:
            raise RuntimeError(stale_view(view.origin))
    elif view.generation != tensor._cell[1] or (
        view.version != tensor._cell[0] and (view.exact or view.base._edge is None)
    ):
        _renew(tensor, view)
    if tensor._edge is None and view.base._edge is not None:
        return Nowhere(), 0
    return tensor._edge


def _renew(tensor: Tensor, view: View) -> None:
    """Take a view's edge from its base again."""
    base = view.base
    view.version, view.generation = tensor._cell
    if base._array is not view.array:
        relocate_view(tensor, view)
    before = base._edge
    if before is None:
        if tensor._edge is None or isinstance(tensor._edge[0], AccumulateGrad):
            return
        base._edge = (Nowhere(), 0)  # the base has been detached since
    recording, modes.here.grad = modes.here.grad, True
    try:
        tensor._edge = view.replay(base)._edge
    finally:
        modes.here.grad, base._edge = recording, before


# Set by the ops: the base's shape was changed in place, so the view is to be found by its place in memory.
relocate_view: Any = None


def stale_view(origin: str, written: str = "its base or another view of its base has been") -> str:
    """What to say of a view whose history cannot be brought up to date."""
    if origin == "several":
        return (
            f"Output 0 of this view is a view and {written} modified inplace. This view is the output of a function "
            "that returns multiple views. Such functions do not allow the output views to be modified inplace. You "
            "should replace the inplace operation by an out-of-place one."
        )
    if origin == "inference":
        return (
            "A view was created in inference mode and is being modified inplace in normal mode. Given that this use "
            "case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and "
            "the inplace either both inside the inference_mode block (if you don't want the inplace to be tracked) or "
            "both outside (if you want the inplace to be tracked)."
        )
    return (
        f"A view was created in no_grad mode and {written} modified inplace with grad mode enabled. Given that this "
        "use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view "
        "and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both "
        "outside (if you want the inplace to be tracked)."
    )


def check_dim(dim: Any, ndim: int) -> int:
    """A dimension counted from the front.

    Raises:
        IndexError: there is no such dimension.
        TypeError: not an integer.
    """
    if type(dim) is int and 0 <= dim < ndim:
        return dim
    if not isinstance(dim, int | np.integer) or isinstance(dim, bool):
        raise TypeError(f"argument 'dim' must be int, not {type(dim).__name__} (got {dim!r})")
    bound = ndim or 1
    if not -bound <= dim < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")
    return int(dim) % bound


def later_method(name: str, module: str) -> None:
    """Give `Tensor` a method that `module` will register when it is imported: when somebody asks for the method."""
    later.methods[name] = method = LaterMethod(module)
    setattr(Tensor, name, method)


def has_attribute(name: str) -> bool:
    """Whether `Tensor` has an attribute, other than one that is about to be registered."""
    return name not in later.methods and hasattr(Tensor, name)


def tensor_attribute(name: str, value: Any) -> None:
    """Give `Tensor` a property or an attribute of a higher layer."""
    method = later.methods.get(name)
    if method is not None:
        untouched = vars(Tensor).get(name) in (method, method.found)
        method.found = value
        if not untouched:  # what a program has put there since is to stay
            return
    setattr(Tensor, name, value)


def tensor_method(function: F) -> F:
    """Make a function of a higher layer a method of `Tensor`, under its own name."""
    tensor_attribute(function.__name__, function)
    return function
