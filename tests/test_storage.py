"""Storages, memory formats, and tensors that get another shape or another memory in place, beside PyTorch."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

import tinygrad_nn as tg

SETUP = """
x = lib.arange(12.0).reshape(3, 4)
r = lib.arange(12.0).reshape(3, 4).requires_grad_()
b = r * 1
v = b[1:]
y = lib.zeros(2)
"""

PROGRAMS = [
    # storages
    "x.untyped_storage().nbytes(), len(x.storage()), x[1:].storage_offset()",
    "x[1:, 1:].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()",
    "x.T.storage().tolist()",
    "s = x.storage(); s[2] = 9; x",
    "s = x.untyped_storage(); s.fill_(0); x",
    "lib.UntypedStorage(4).nbytes(), lib.is_storage(x.storage()), lib.is_storage(x)",
    "x.storage().dtype, x.storage().size(), x.storage().element_size()",
    "x[1:].data_ptr() - x.data_ptr(), x.data_ptr() == x.storage().data_ptr()",
    "x.is_set_to(x.view(3, 4)), x.is_set_to(x[1:]), x.is_set_to(x.T)",
    # other memory
    "y.set_(x); y.add_(1); x",
    "x[1:].set_(x)",
    "y.set_(x.storage(), 2, (2, 2), (1, 1))",
    "y.set_(x.untyped_storage(), 2, (2, 2), (1, 1))",
    "y.set_(x.storage(), 2, (2, 2))",
    "y.set_(x.int())",
    "y.set_()",
    "r.set_(x)",
    "r.data = lib.zeros(3, 4); (r * 2).sum().backward(); r.grad",
    "r.data = lib.ones(2, 2).int()",
    "x.data = 3",
    "x.data.add_(1); x._version",
    "x.detach().add_(1); x._version",
    # other sizes
    "x.resize_(2, 2)",
    "x.resize_(5, 5)[0]",
    "x.T.resize_(3, 4)",
    "x[1:].resize_(2)",
    "r.resize_(2)",
    "b.resize_(2)",
    "x.resize_as_(lib.zeros(2, 3))",
    "x.resize_(-1)",
    "x.resize_(2, 2, memory_format=lib.channels_last)",
    "x.resize_(1, 2, 2, 2, memory_format=lib.channels_last).stride()",
    # out of the graph, in place
    "b.detach_(); b.requires_grad, v.requires_grad",
    "v.detach_()",
    "b.detach_(); v.sum().backward(); r.grad",
    "b.detach_(); b.add_(1); v.is_leaf",
    "b.detach_(); b.add_(1); v.sum().backward(); r.grad",
    # other shapes, with views
    "b.t_(); v.mul_(2); b.sum().backward(); r.grad",
    "v.t_(); v.mul_(2); b.sum().backward(); r.grad",
    "b.unsqueeze_(0); v.mul_(2); b.sum().backward(); r.grad",
    "b.as_strided_((2, 2), (1, 1)); b.sum().backward(); r.grad",
    "v.as_strided_((2, 2), (1, 1)); v.sum().backward(); r.grad",
    "v.as_strided((2, 2), (1, 1), 0).sum().backward(); r.grad",
    "b.expand(2, 3, 4)[0].mul_(2); b.sum().backward(); r.grad",
    "c = r.T * 1; c.T.view(-1)[:2].mul_(3); c.sum().backward(); r.grad",
    "r.t_()",
    "x.unsqueeze_(5)",
    # memory formats
    "lib.contiguous_format, lib.preserve_format, lib.channels_last, lib.channels_last_3d",
    "isinstance(lib.channels_last, lib.memory_format)",
    "lib.empty(1, 2, 3, 4, memory_format=lib.channels_last).stride()",
    "lib.ones(2, 3, 4, 5).to(memory_format=lib.channels_last).is_contiguous(memory_format=lib.channels_last)",
    "lib.ones(2, 3, 4, 5, 6).to(memory_format=lib.channels_last_3d).stride()",
    "lib.ones(2, 3, 4, 5).double(memory_format=lib.channels_last).stride()",
    "lib.ones(2, 3, 4, 5).contiguous(memory_format=lib.channels_last).contiguous().stride()",
    "lib.ones(2, 3, 4, 5).contiguous(memory_format=lib.channels_last).sin().stride()",
    "x.to(memory_format=lib.channels_last)",
    "x.contiguous(memory_format=lib.preserve_format).stride(), x.contiguous() is x",
    "x.T.clone().stride(), x.T.clone(memory_format=lib.contiguous_format).stride(), x[:, ::2].clone().stride()",
    "x.T[::2].clone().stride(), x[:1].expand(3, 4).clone().stride()",
    "lib.zeros(2, 0, 3).stride(), x[:, None].stride(), x[None].stride(), x[..., None].stride(), x[:, :1].stride()",
    "x.dim_order(), x.T.dim_order(), x.dim_order(ambiguity_check=True)",
    "x[:1].dim_order(ambiguity_check=True)",
    "x.dim_order(ambiguity_check=[lib.contiguous_format, lib.channels_last])",
    "x.dim_order(ambiguity_check='all')",
    # the rest
    "x.is_shared(), x.is_pinned(), x.share_memory_() is x, x.name, x.retains_grad",
    "b.retain_grad(); b.retains_grad",
    "list(reversed(x[0]))",
    "x.new(2).shape, x.new([1, 2]).dtype, x.int().new([1.5])",
    "a, c, d = b; c.sum().backward(); r.grad",
    "a, c, d = b; c.add_(1)",
    "x[:2].copy_(x[1:])",
    "x[0] = x[1]; x[1] = x[0:1]; x",
    "x[[0, 1]] = x[2]",
    "x.copy_(x); x._version",
]


def run(lib: ModuleType, program: str) -> Any:
    """What a program's last line gives: lists for tensors, or the type of the error."""
    names: dict[str, Any] = {"lib": lib}
    exec(SETUP, names)
    *before, last = program.split("; ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns of typed storages
            for line in before:
                exec(line, names)
            if " = " in last:
                exec(last, names)
                return None
            return plain(eval(last, names))
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        return type(error)


def plain(value: Any) -> Any:
    """A value without its library."""
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if type(value).__name__ in ("dtype", "memory_format"):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize("program", PROGRAMS)
def test_as_pytorch(program: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with a live PyTorch")
    ours, theirs = run(tg, program), run(torch, program)
    if isinstance(theirs, type) and issubclass(theirs, Exception):
        assert isinstance(ours, type), f"PyTorch raises {theirs}, got {ours}"
        assert issubclass(ours, theirs)
    else:
        assert ours == theirs


def test_storage_is_the_memory_of_all_views() -> None:
    x = tg.arange(6).reshape(2, 3)
    assert x.T[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    x.storage()[0] = 9
    assert x[0, 0] == 9
    assert x.untyped_storage() == x[1].untyped_storage()


def test_storage_keeps_its_size() -> None:
    storage = tg.zeros(2).untyped_storage()
    assert storage.resize_(8) is storage
    with pytest.raises(RuntimeError, match="not resizable"):
        storage.resize_(16)


def test_asarray_keeps_what_a_tensor_records_unless_told() -> None:
    """`requires_grad=None` stands for "as the tensor does"."""
    x = tg.ones(2, requires_grad=True) * 2
    assert tg.asarray(x).requires_grad
    assert tg.asarray(x, requires_grad=True) is x
    assert not tg.asarray(x, requires_grad=False).requires_grad
    assert tg.asarray(x, copy=True).requires_grad
    assert not tg.asarray([1.0, 2.0]).requires_grad


def test_parameters_and_what_optimizers_keep_begin_with_a_line_of_the_cache():
    layer = tg.nn.Linear(7, 5)
    optimizer = tg.optim.Adam(layer.parameters())
    layer(tg.ones(1, 7)).sum().backward()
    optimizer.step()
    kept = optimizer.state[layer.weight]
    for tensor in (layer.weight, layer.bias, kept["exp_avg"], kept["exp_avg_sq"]):
        assert tensor.data_ptr() % 64 == 0
        assert tensor.storage_offset() == 0
    assert layer.weight.untyped_storage().nbytes() == 7 * 5 * 4  # nothing of what lies around it
