"""Hooks on nodes, on what is saved, on several tensors; edges: here and, where it is installed, in PyTorch alike."""

from __future__ import annotations

import gc
import importlib.util
import weakref
from typing import Any

import pytest

import tinygrad_nn

PACKAGES = [pytest.param(tinygrad_nn, id="here")]
if importlib.util.find_spec("torch") is not None:
    import torch

    PACKAGES.append(pytest.param(torch, id="torch"))
both = pytest.mark.parametrize("t", PACKAGES)


@both
def test_node_hooks_see_and_replace_gradients(t: Any) -> None:
    x, w = t.tensor([1.0, 2.0], requires_grad=True), t.tensor([3.0, 4.0])
    y = x * w
    seen = []
    y.grad_fn.register_prehook(lambda outgoing: seen.append(("before", outgoing[0].tolist())))
    y.grad_fn.register_hook(lambda incoming, outgoing: seen.append(("after", incoming[0].tolist(), incoming[1])))
    y.grad_fn.register_hook(lambda incoming, outgoing: (incoming[0] * 10, None))
    y.sum().backward()
    assert seen == [("before", [1.0, 1.0]), ("after", [3.0, 4.0], None)]
    assert x.grad.tolist() == [30.0, 40.0]


@both
def test_a_prehook_replaces_the_gradients_of_the_outputs(t: Any) -> None:
    x = t.ones(2, requires_grad=True)
    y = x * 3
    handle = y.grad_fn.register_prehook(lambda outgoing: (outgoing[0] * 2,))
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [6.0, 6.0]
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


@both
def test_a_node_hook_that_returns_too_little_is_refused(t: Any) -> None:
    x = t.ones(2, requires_grad=True)
    y = x * t.ones(2)
    y.grad_fn.register_hook(lambda incoming, outgoing: (incoming[0],))
    with pytest.raises(RuntimeError, match=r"incorrect number of values \(got 1, but expected 2\)"):
        y.sum().backward()


@both
def test_one_tensor_used_twice_has_two_incoming_gradients(t: Any) -> None:
    x = t.tensor([2.0, 3.0], requires_grad=True)
    y = x * x
    seen = []
    y.grad_fn.register_hook(lambda incoming, outgoing: seen.extend(g.tolist() for g in incoming))
    y.sum().backward()
    assert seen == [[2.0, 3.0], [2.0, 3.0]]


@both
def test_metadata_belongs_to_the_node(t: Any) -> None:
    y = t.ones(2, requires_grad=True) * 2
    assert y.grad_fn.metadata == {}
    y.grad_fn.metadata["layer"] = 3
    assert y.grad_fn.metadata["layer"] == 3


@both
def test_a_hook_after_accumulation_sees_the_leafs_gradient(t: Any) -> None:
    x = t.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf.grad.tolist()))
    (x * x).sum().backward()
    (x * 3).sum().backward()
    handle.remove()
    x.sum().backward()
    assert seen == [[2.0, 4.0], [5.0, 7.0]]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="doesn't require gradient"):
        t.ones(2).register_post_accumulate_grad_hook(print)


# --- what is saved -----------------------------------------------------------------------------------------------


@both
def test_saved_tensors_go_through_the_hooks(t: Any) -> None:
    a = t.ones(5, requires_grad=True)
    b = t.ones(5, requires_grad=True) * 2
    packed, unpacked = [], []

    def pack(x: Any) -> Any:
        packed.append((x.tolist(), x.requires_grad))
        return x.detach()

    def unpack(x: Any) -> Any:
        unpacked.append(x.tolist())
        return x

    with t.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = a * b
    z = y.exp()  # outside: not packed
    z.sum().backward()
    assert sorted(packed) == [([1.0] * 5, True), ([2.0] * 5, True)]
    assert sorted(unpacked) == [[1.0] * 5, [2.0] * 5]
    assert a.grad.tolist() == (2 * z.detach()).tolist()


@both
def test_the_innermost_hooks_count_and_what_they_compute_is_not_packed(t: Any) -> None:
    calls = []

    def hooks(name: str) -> Any:
        def pack(x: Any) -> Any:
            calls.append(name)
            return (x * 2).detach()  # an operation of the hook's own

        return t.autograd.graph.saved_tensors_hooks(pack, lambda x: x / 2)

    x = t.tensor([3.0], requires_grad=True)
    with hooks("outer"):
        with hooks("inner"):
            y = x.exp()
        z = y.sin()
    z.sum().backward()
    assert calls == ["inner", "outer"]
    expected = t.tensor([3.0]).exp()
    t.testing.assert_close(x.grad, expected * expected.cos())


@both
def test_second_derivatives_through_packed_tensors(t: Any) -> None:
    x = t.tensor([0.5, 2.0], requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda s: s, lambda s: s):
        y = (x * x * x).sum()
        (first,) = t.autograd.grad(y, x, create_graph=True)
        (second,) = t.autograd.grad(first.sum(), x)
    t.testing.assert_close(second, 6 * x.detach())


@both
def test_what_a_loss_or_a_norm_has_saved_goes_through_the_hooks_in_its_own_type(t: Any) -> None:
    functional = t.nn.functional
    x = t.tensor([[0.5, 2.0, -1.0], [1.0, 0.0, 3.0]], requires_grad=True)

    def loss() -> Any:
        rows = functional.layer_norm(x, (3,)) + functional.batch_norm(x, None, None, training=True)
        return functional.cross_entropy(rows.softmax(1).log_softmax(0) + x, t.tensor([0, 2]))

    (expected,) = t.autograd.grad(loss(), x)
    with t.autograd.graph.saved_tensors_hooks(lambda s: s.clone(), lambda s: s):
        kept = loss()
    t.testing.assert_close(t.autograd.grad(kept, x)[0], expected)


@both
def test_an_unpack_hook_must_give_a_tensor(t: Any) -> None:
    x = t.ones(2, requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda s: 1, lambda s: s):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got result of type"):
        y.sum().backward()


@both
def test_hooks_can_be_disabled(t: Any) -> None:
    hooks = t.autograd.graph.saved_tensors_hooks(lambda s: s, lambda s: s)
    with t.autograd.graph.disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="not here"), hooks:
        pass


@both
def test_a_function_s_saved_tensors_are_packed(t: Any) -> None:
    class Square(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * g * x

    packed = []
    x = t.tensor([3.0], requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda s: packed.append(1) or s.detach() * 10, lambda s: s / 10):
        y = Square.apply(x)
    y.sum().backward()
    assert packed == [1]
    t.testing.assert_close(x.grad, t.tensor([6.0]))


# --- several tensors ---------------------------------------------------------------------------------------------


@both
def test_a_hook_on_several_tensors(t: Any) -> None:
    a, b = t.ones(2, requires_grad=True), t.ones(2, requires_grad=True)
    seen, first = [], []
    handle = t.autograd.graph.register_multi_grad_hook((a, b), lambda gs: seen.append([g is not None for g in gs]))
    t.autograd.graph.register_multi_grad_hook((a, b), lambda g: first.append(g.tolist()), mode="any")
    (a * b).sum().backward()
    (a * 2).sum().backward()
    assert seen == [[True, True], [True, False]]
    assert len(first) == 2
    handle.remove()
    (a * b).sum().backward()
    assert len(seen) == 2


@both
def test_gradient_edges_and_versions(t: Any) -> None:
    x = t.ones(2, requires_grad=True)
    y = x.exp()
    edge = t.autograd.graph.get_gradient_edge(y)
    assert edge.node is y.grad_fn
    assert edge.output_nr == 0
    with pytest.raises(RuntimeError, match="does not require grad"):
        t.autograd.graph.get_gradient_edge(t.ones(2))
    plain = t.ones(2)
    before = plain._version
    t.autograd.graph.increment_version(plain)
    assert plain._version == before + 1


def test_packed_nodes_are_freed_by_counting_references() -> None:
    t = tinygrad_nn
    gc.disable()
    try:
        x = t.ones(3, requires_grad=True)
        with t.autograd.graph.saved_tensors_hooks(lambda s: s.detach(), lambda s: s):
            y = x.exp()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_nodes_whose_saved_tensors_are_packed_keep_their_names() -> None:
    x = tinygrad_nn.ones(2, requires_grad=True)
    with tinygrad_nn.autograd.graph.saved_tensors_hooks(lambda saved: saved.clone(), lambda packed: packed):
        y = x.exp()
    assert y.grad_fn.name() == "ExpBackward0"
    assert "grad_fn=<ExpBackward0>" in repr(y)
