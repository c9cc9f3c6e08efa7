"""The examples of PyTorch's pages on `torch.autograd`: `Function`, modes, the graph, forward mode, `functional`."""

from __future__ import annotations

from typing import Any

from .documented import example
from .results import error_of

# --- Function ----------------------------------------------------------------------------------------------------


@example
def function_exp(torch: Any) -> Any:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, i: Any) -> Any:
            result = i.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            (result,) = ctx.saved_tensors
            return grad_output * result

    x = torch.randn(3, requires_grad=True)
    y = Exp.apply(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    return y, first, second, third, y.grad_fn.name(), type(y.grad_fn).__name__


@example
def function_save_for_backward(torch: Any) -> Any:
    class Func(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, z: int) -> Any:
            w = x * z
            out = x * y + y * z + w * y
            ctx.save_for_backward(x, y, w, out)
            ctx.z = z
            return out

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, grad_out: Any) -> Any:
            x, y, w, _out = ctx.saved_tensors
            z = ctx.z
            return grad_out * (y + y * z), grad_out * (x + z + w), None

    a = torch.tensor(1.0, requires_grad=True, dtype=torch.double)
    b = torch.tensor(2.0, requires_grad=True, dtype=torch.double)
    d = Func.apply(a, b, 4)
    d.backward()
    weight = torch.tensor(1.0, requires_grad=True, dtype=torch.double)
    (once,) = torch.autograd.grad(Func.apply(a, b, 4), a, weight, create_graph=True)
    return d, a.grad, b.grad, error_of(lambda: once.backward())


@example
def function_mark_dirty(torch: Any) -> Any:
    class Inplace(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x_npy = x.numpy()
            x_npy += 1
            ctx.mark_dirty(x)
            return x

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, grad_output: Any) -> Any:
            return grad_output

    leaf = torch.tensor(1.0, requires_grad=True, dtype=torch.double)
    a = leaf.clone()
    b = a * a
    same = Inplace.apply(a)
    base = torch.zeros(3, requires_grad=True) * 1
    view = base[1:]
    Inplace.apply(view)
    base.sum().backward()
    return same is a, a, error_of(lambda: b.backward()), base, error_of(lambda: Inplace.apply(leaf))


@example
def function_mark_non_differentiable(torch: Any) -> Any:
    class Func(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            sorted, idx = x.sort()
            ctx.mark_non_differentiable(idx)
            ctx.save_for_backward(x, idx)
            return sorted, idx

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, g1: Any, g2: Any) -> Any:
            x, idx = ctx.saved_tensors
            grad_input = torch.zeros_like(x)
            grad_input.index_add_(0, idx, g1)
            return grad_input

    x = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    values, indices = Func.apply(x)
    (values * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    return values, indices, indices.requires_grad, x.grad


@example
def function_set_materialize_grads(torch: Any) -> Any:
    seen: list[Any] = []

    class SimpleFunc(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone(), x.clone()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, g1: Any, g2: Any) -> Any:
            return g1 + g2

    class Func(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x)
            return x.clone(), x.clone()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, g1: Any, g2: Any) -> Any:
            seen.append((g1 is None, g2 is None))
            (x,) = ctx.saved_tensors
            grad_input = torch.zeros_like(x)
            if g1 is not None:
                grad_input += g1
            if g2 is not None:
                grad_input += g2
            return grad_input

    a = torch.tensor(1.0, requires_grad=True)
    b, _ = SimpleFunc.apply(a)
    b.backward()
    c, _ = Func.apply(a)
    c.backward()
    return a.grad, seen


@example
def function_with_everything(torch: Any) -> Any:
    """Several outputs, some of them no tensors, arguments of other types, defaults, what each input needs."""
    seen: list[Any] = []

    class Linear(torch.autograd.Function):
        @staticmethod
        def forward(input: Any, weight: Any, bias: Any = None, scale: float = 1.0, name: str = "") -> Any:
            output = input.mm(weight.t()) * scale
            return (output if bias is None else output + bias), name, output.sum()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            input, weight, bias, scale, name = inputs
            ctx.save_for_backward(input, weight, bias)
            ctx.scale = scale
            seen.append((name, output[1], ctx.needs_input_grad))

        @staticmethod
        def backward(ctx: Any, grad_output: Any, grad_name: Any, grad_sum: Any) -> Any:
            input, weight, bias = ctx.saved_tensors
            seen.append((grad_name, ctx.needs_input_grad, bias is None))
            whole = (grad_output + grad_sum) * ctx.scale
            grad_input = whole.mm(weight) if ctx.needs_input_grad[0] else None
            grad_weight = whole.t().mm(input) if ctx.needs_input_grad[1] else None
            grad_bias = grad_output.sum(0) if bias is not None else None
            return grad_input, grad_weight, grad_bias, None, None

    x, w, b = torch.randn(2, 3), torch.randn(4, 3, requires_grad=True), torch.randn(4, requires_grad=True)
    y, name, total = Linear.apply(x, w, b, 2.0, "first")
    (y.sum() + total).backward()
    z, _, _ = Linear.apply(x.requires_grad_(), w, name="second")
    (gradient,) = torch.autograd.grad(z.pow(2).sum(), w, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), x)
    return y, name, total, w.grad, b.grad, second, seen


@example
def function_errors(torch: Any) -> Any:
    def made(forward: Any, backward: Any = lambda ctx, *g: g) -> Any:
        return type("F", (torch.autograd.Function,), {
            "forward": staticmethod(forward), "backward": staticmethod(backward)
        })  # fmt: skip

    x = torch.ones(2, requires_grad=True)
    double = lambda ctx, x: x * 2  # noqa: E731

    class NoBackward(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

    class Both(NoBackward):
        backward = staticmethod(lambda ctx, g: g)
        vjp = staticmethod(lambda ctx, g: g)

    def save_number(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x, 3)
        return x

    def dirty(ctx: Any, x: Any, y: Any) -> Any:
        ctx.mark_dirty(y)
        return x * 2

    freed = made(lambda ctx, x: (ctx.save_for_backward(x), x * 2)[1], lambda ctx, g: g * ctx.saved_tensors[0])
    y = freed.apply(x)
    y.sum().backward()
    return [
        error_of(lambda: NoBackward.apply(x).sum().backward()), error_of(lambda: Both.apply(x).sum().backward()),
        error_of(lambda: made(double, lambda ctx, g: (g, g)).apply(x).sum().backward()),
        error_of(lambda: made(double, lambda ctx, g: (g, None)).apply(x).sum().backward()),
        error_of(lambda: made(double, lambda ctx, g: torch.ones(3)).apply(x).sum().backward()),
        error_of(lambda: made(save_number).apply(x)), error_of(lambda: made(dirty).apply(x, torch.ones(2))),
        error_of(lambda: y.sum().backward()), error_of(lambda: y.grad_fn.saved_tensors),
        error_of(lambda: NoBackward()(x)),
    ]  # fmt: skip


@example
def function_in_forward_mode(torch: Any) -> Any:
    forward_ad = torch.autograd.forward_ad

    class Func(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, z: int) -> Any:
            ctx.save_for_backward(x, y)
            ctx.save_for_forward(x, y)
            ctx.z = z
            return x * y * z

        @staticmethod
        def jvp(ctx: Any, x_t: Any, y_t: Any, _: Any) -> Any:
            x, y = ctx.saved_tensors
            return ctx.z * (y * x_t + x * y_t)

        @staticmethod
        def vjp(ctx: Any, grad_out: Any) -> Any:
            x, y = ctx.saved_tensors
            return ctx.z * grad_out * y, ctx.z * grad_out * x, None

    a = torch.tensor(1.0, requires_grad=True, dtype=torch.double)
    t = torch.tensor(1.0, dtype=torch.double)
    b = torch.tensor(2.0, requires_grad=True, dtype=torch.double)
    with forward_ad.dual_level():
        d = Func.apply(forward_ad.make_dual(a, t), b, 4)
        primal, tangent = forward_ad.unpack_dual(d)
    Func.apply(a, b, 4).backward()
    return primal, tangent, a.grad, b.grad


# --- Function inside of transforms: "Extending torch.func with autograd.Function" ---------------------------------


@example
def function_under_transforms(torch: Any) -> Any:
    class MyCube(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            result = x**3
            return result, 3 * x**2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            (x,) = inputs
            _, dx = output
            ctx.save_for_backward(x, dx)
            ctx.save_for_forward(x, dx)

        @staticmethod
        def backward(ctx: Any, grad_output: Any, grad_dx: Any) -> Any:
            x, dx = ctx.saved_tensors
            return grad_output * dx + grad_dx * 6 * x

        @staticmethod
        def jvp(ctx: Any, x_t: Any) -> Any:
            x, dx = ctx.saved_tensors
            return x_t * dx, x_t * 6 * x

    def my_cube(x: Any) -> Any:
        return MyCube.apply(x)[0]

    func = torch.func
    x = torch.randn([])
    batch = torch.randn(4)
    return [
        func.grad(my_cube)(x), func.grad(func.grad(my_cube))(x), func.vmap(my_cube)(batch),
        func.vmap(func.grad(my_cube))(batch), func.jvp(my_cube, (x,), (x,)), func.jacrev(my_cube)(batch),
        func.jacfwd(my_cube)(batch), func.vmap(func.vmap(my_cube))(torch.randn(2, 3)),
    ]  # fmt: skip


@example
def function_with_its_own_vmap(torch: Any) -> Any:
    def to_numpy(tensor: Any) -> Any:
        return tensor.cpu().numpy()

    seen: list[Any] = []

    class NumpySort(torch.autograd.Function):
        @staticmethod
        def forward(x: Any, dim: int) -> Any:
            device = x.device
            x = to_numpy(x)
            ind = x.argsort(axis=dim)
            ind_inv = ind.argsort(axis=dim)
            result = numpy_take(x, ind, dim)
            return (
                torch.tensor(result, device=device), torch.tensor(ind, device=device),
                torch.tensor(ind_inv, device=device),
            )  # fmt: skip

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            _, dim = inputs
            _, ind, ind_inv = output
            ctx.mark_non_differentiable(ind, ind_inv)
            ctx.save_for_backward(ind, ind_inv)
            ctx.dim = dim

        @staticmethod
        def backward(ctx: Any, grad_output: Any, _0: Any, _1: Any) -> Any:
            ind, ind_inv = ctx.saved_tensors
            return NumpyTake.apply(grad_output, ind_inv, ind, ctx.dim), None

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, dim: int) -> Any:
            seen.append((info.batch_size, info.randomness, in_dims))
            x_bdim, _ = in_dims
            x = x.movedim(x_bdim, 0)
            dim = dim if dim >= 0 else dim + x.dim() - 1
            return NumpySort.apply(x, dim + 1), (0, 0, 0)

    class NumpyTake(torch.autograd.Function):
        @staticmethod
        def forward(x: Any, ind: Any, ind_inv: Any, dim: int) -> Any:
            return torch.tensor(numpy_take(to_numpy(x), to_numpy(ind), dim))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            _, ind, ind_inv, dim = inputs
            ctx.save_for_backward(ind, ind_inv)
            ctx.dim = dim

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            ind, ind_inv = ctx.saved_tensors
            return NumpyTake.apply(grad_output, ind_inv, ind, ctx.dim), None, None, None

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, ind: Any, ind_inv: Any, dim: int) -> Any:
            x_bdim, ind_bdim, ind_inv_bdim, _ = in_dims
            logical_dim = x.dim() if x_bdim is None else x_bdim - 1
            dim = dim if dim >= 0 else dim + logical_dim

            def maybe_expand_bdim_at_front(x: Any, x_bdim: Any) -> Any:
                if x_bdim is None:
                    return x.expand(info.batch_size, *x.shape)
                return x.movedim(x_bdim, 0)

            x = maybe_expand_bdim_at_front(x, x_bdim)
            ind = maybe_expand_bdim_at_front(ind, ind_bdim)
            ind_inv = maybe_expand_bdim_at_front(ind_inv, ind_inv_bdim)
            return NumpyTake.apply(x, ind, ind_inv, dim + 1), 0

    def numpy_take(x: Any, ind: Any, dim: int) -> Any:
        import numpy as np

        return np.take_along_axis(x, ind, dim)

    def numpy_sort(x: Any, dim: int = -1) -> Any:
        result, _, _ = NumpySort.apply(x, dim)
        return result

    x = torch.randn(2, 3)
    weights = torch.randn(3)
    return [
        numpy_sort(x), torch.func.vmap(numpy_sort)(x), torch.func.grad(lambda x: (numpy_sort(x) * weights).sum())(x),
        torch.func.vmap(torch.func.grad(lambda x: (numpy_sort(x) * weights).sum()))(x), seen[:1],
    ]  # fmt: skip


@example
def function_under_transforms_errors(torch: Any) -> Any:
    class Plain(torch.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    class Both(Plain):
        generate_vmap_rule = True
        vmap = staticmethod(lambda info, in_dims, x: (x, 0))

    class Wrong(Plain):
        vmap = staticmethod(lambda info, in_dims, x: x)

    class WithCtx(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

    x = torch.randn(3)
    return [error_of(lambda: torch.func.vmap(kind.apply)(x)) for kind in (Plain, Both, Wrong, WithCtx)]  # noqa: B023


# --- grad, backward ----------------------------------------------------------------------------------------------


@example
def grad_arguments(torch: Any) -> Any:
    grad = torch.autograd.grad
    x, z = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2, requires_grad=True)
    y = x**2
    keep = {"retain_graph": True}
    edge = torch.autograd.graph.get_gradient_edge(y)
    scalar_edge = torch.autograd.graph.get_gradient_edge(y.sum())
    return [
        grad(y, x, torch.eye(2), is_grads_batched=True, **keep),
        grad(y.sum(), x, torch.ones(3), is_grads_batched=True, **keep),
        grad(y, [x, z], torch.eye(2), is_grads_batched=True, allow_unused=True, **keep),
        grad(y, [x, z], torch.eye(2), is_grads_batched=True, materialize_grads=True, **keep),
        grad(y.sum(), [x, z], materialize_grads=True, **keep),
        grad(y.sum(), {"x": x, "z": z}, allow_unused=True, **keep),
        grad((y * 3).sum(), edge, **keep), grad(scalar_edge, x, **keep), grad(edge, x, torch.ones(2), **keep),
        grad(y.sum(), x, torch.ones((), dtype=torch.float64), **keep),
        error_of(lambda: grad(y.sum(), [x, z], **keep)), error_of(lambda: grad(y, x, **keep)),
        error_of(lambda: grad(y, x, torch.ones(2), is_grads_batched=True, **keep)),
        error_of(lambda: grad(y.sum(), [x, z], materialize_grads=True, allow_unused=False, **keep)),
        error_of(lambda: grad(y.sum(), torch.ones(2), **keep)), error_of(lambda: grad(torch.ones(()), x, **keep)),
        error_of(lambda: grad(y.sum(), [], **keep)), error_of(lambda: grad([y.sum(), y.sum()], x, [None], **keep)),
        error_of(lambda: grad(y.sum(), x, torch.ones((), dtype=torch.complex64), **keep)),
    ]  # fmt: skip


@example
def backward_arguments(torch: Any) -> Any:
    x, z = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2, requires_grad=True)
    y = x**2 * z
    keep = {"retain_graph": True}
    y.sum().backward(inputs=[x], **keep)
    found: list[Any] = [x.grad.clone(), z.grad]
    torch.autograd.backward(y.sum(), inputs={"z": z}, **keep)
    found.append(z.grad.clone())
    torch.autograd.backward(torch.autograd.graph.get_gradient_edge(y.sum()), **keep)
    found.append(x.grad.clone())
    y.sum().backward(inputs=[torch.autograd.graph.get_gradient_edge(x)], **keep)
    found.append(x.grad.clone())
    torch.autograd.backward([y, y.sum()], [torch.ones(2), None], **keep)
    found += [x.grad, z.grad, error_of(lambda: y.sum().backward(inputs=[], **keep)), error_of(lambda: y.backward())]
    y.sum().backward()
    found.append(error_of(lambda: y.sum().backward()))
    return found


# --- grad modes --------------------------------------------------------------------------------------------------


@example
def grad_modes(torch: Any) -> Any:
    x = torch.tensor([1.0], requires_grad=True)
    found: list[Any] = []
    with torch.no_grad():
        found.append((x * 2).requires_grad)
        with torch.enable_grad():
            found.append((x * 2).requires_grad)

    @torch.no_grad()
    def doubler(x: Any) -> Any:
        return x * 2

    @torch.no_grad
    def tripler(x: Any) -> Any:
        return x * 3

    @torch.enable_grad()
    def quadrupler(x: Any) -> Any:
        return x * 4

    found += [doubler(x).requires_grad, tripler(x).requires_grad]
    with torch.no_grad():
        found.append(quadrupler(x).requires_grad)
    with torch.set_grad_enabled(False):
        found.append((x * 2).requires_grad)
    _ = torch.set_grad_enabled(True)
    found.append((x * 2).requires_grad)
    _ = torch.set_grad_enabled(False)
    found.append((x * 2).requires_grad)
    torch.set_grad_enabled(True)
    return found


@example
def inference_mode(torch: Any) -> Any:
    x = torch.ones(1, 2, 3, requires_grad=True)
    plain = torch.ones(3)
    found: list[Any] = []
    with torch.inference_mode():
        y = x * x
        view = x[0]
        plain_view = plain[:2]
        made = torch.ones(3)
        found += [y.requires_grad, y.is_inference(), view.is_inference(), made.is_inference(), plain.is_inference()]
        found += [torch.is_inference_mode_enabled(), torch.is_grad_enabled(), torch.is_inference(made)]
        made.add_(1)
        plain.add_(1)
        with torch.enable_grad():
            found += [torch.is_grad_enabled(), (x * 2).requires_grad]
        with torch.inference_mode(False):
            found += [torch.is_grad_enabled(), (x * 2).requires_grad, (x * 2).is_inference()]
        found += [made.clone().is_inference(), torch.rand(2).is_inference(), torch.zeros_like(plain).is_inference()]

    @torch.inference_mode()
    def func(x: Any) -> Any:
        return x * x

    out = func(x)
    doubler = torch.inference_mode(lambda: torch.ones(2))
    found += [out.requires_grad, out.is_inference(), doubler().is_inference(), torch.is_inference_mode_enabled()]
    found += [made.clone(), plain.clone(), (made + 1).is_inference(), made[:1].is_inference(), (x + made).requires_grad]
    found += [
        error_of(lambda: made.add_(1)), error_of(lambda: x * made),
        error_of(lambda: made.requires_grad_()), error_of(lambda: made._version), error_of(lambda: view.add_(1)),
        error_of(lambda: plain_view.mul_(x[0, 0, :2])), (x * made.clone()).requires_grad, made.exp().is_inference(),
        torch.zeros(2).copy_(doubler()), error_of(lambda: made.__setitem__(0, 1)),
    ]  # fmt: skip
    return found


# --- the graph ---------------------------------------------------------------------------------------------------


@example
def nodes_and_their_hooks(torch: Any) -> Any:
    a = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
    b = a.clone()
    found: list[Any] = [isinstance(b.grad_fn, torch.autograd.graph.Node), b.grad_fn.name()]
    handle = b.grad_fn.register_hook(lambda inputs, outputs: (outputs[0] * 2,))
    b.sum().backward(retain_graph=True)
    found.append(a.grad)
    handle.remove()
    a.grad = None
    b.sum().backward(retain_graph=True)
    found.append(a.grad)
    handle = b.grad_fn.register_prehook(lambda outputs: (outputs[0] * 2,))
    a.grad = None
    b.sum().backward(retain_graph=True)
    found.append(a.grad)
    handle.remove()
    a.grad = None
    b.sum().backward(retain_graph=True)
    found.append(a.grad)
    c, d = torch.tensor([1.0], requires_grad=True), torch.tensor([2.0], requires_grad=True)
    product = c * d
    found += [product.grad_fn.next_functions[0][0].name(), len(product.grad_fn.next_functions)]
    found.append(product.grad_fn.next_functions[0][0].variable is c)
    product.grad_fn.metadata["key"] = 123
    found.append(product.grad_fn.metadata["key"])
    return found


@example
def hooks_on_tensors(torch: Any) -> Any:
    v = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
    h = v.register_hook(lambda grad: grad * 2)
    v.backward(torch.tensor([1.0, 2.0, 3.0]))
    found: list[Any] = [v.grad.clone()]
    h.remove()
    seen: list[Any] = []
    h = v.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
    v.backward(torch.tensor([1.0, 2.0, 3.0]))
    h.remove()
    w = v * 2
    w.retain_grad()
    w.sum().backward()
    found += [seen, v.grad, w.grad, w.retains_grad, error_of(lambda: torch.ones(1).register_hook(lambda g: g))]
    return found


@example
def multi_grad_hooks(torch: Any) -> Any:
    a, b = torch.rand(2, 3, requires_grad=True), torch.rand(2, 3, requires_grad=True)
    c = a * b
    d = a * b
    seen: list[Any] = []

    def fn(grads: Any) -> None:
        seen.append([g is not None for g in grads])

    torch.autograd.graph.register_multi_grad_hook((a, b, c, d), fn)
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    return seen


@example
def hooks_on_saved_tensors(torch: Any) -> Any:
    graph = torch.autograd.graph
    packed: list[Any] = []
    unpacked: list[Any] = []

    def pack_hook(x: Any) -> Any:
        packed.append(x.clone())
        return x.detach().clone()

    def unpack_hook(x: Any) -> Any:
        unpacked.append(x)
        return x

    a = torch.ones(5, requires_grad=True)
    b = torch.ones(5, requires_grad=True) * 2
    with graph.saved_tensors_hooks(pack_hook, unpack_hook):
        y = a * b
    y.sum().backward()
    with graph.save_on_cpu():
        z = (a * 3).exp()
    z.sum().backward()

    def refused() -> None:
        with graph.disable_saved_tensors_hooks("saved tensors hooks are disabled"), graph.save_on_cpu():
            pass

    with graph.allow_mutation_on_saved_tensors():
        c = torch.ones(2, 3, requires_grad=True)
        d = c.clone()
        out = (d**2).sum()
        d.sin_()
        out.backward()
    e = torch.ones(2, requires_grad=True)
    f = e.exp()
    graph.increment_version(f)
    return len(packed), len(unpacked), a.grad, error_of(refused), c.grad, error_of(lambda: f.sum().backward())


@example
def anomalies(torch: Any) -> Any:
    class MyFunc(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, inp: Any) -> Any:
            return inp.clone()

        @staticmethod
        def backward(ctx: Any, gO: Any) -> Any:  # noqa: N803
            raise RuntimeError("Some error in backward")

    def run_fn(a: Any) -> Any:
        return MyFunc.apply(a).sum()

    inp = torch.rand(3, requires_grad=True)
    x = torch.tensor([-1.0, 4.0], requires_grad=True)

    def detected(**options: Any) -> Any:
        with torch.autograd.detect_anomaly(**options):
            x.sqrt().sum().backward()

    def in_function() -> Any:
        with torch.autograd.set_detect_anomaly(True):
            run_fn(inp).backward()

    return [
        error_of(lambda: run_fn(inp).backward()), error_of(in_function), error_of(detected),
        error_of(lambda: detected(check_nan=False)), torch.is_anomaly_enabled(),
    ]  # fmt: skip


# --- forward mode ------------------------------------------------------------------------------------------------


@example
def forward_mode(torch: Any) -> Any:
    """The tutorial on forward-mode differentiation."""
    forward_ad = torch.autograd.forward_ad
    primal, tangent = torch.randn(10, 10), torch.randn(10, 10)
    found: list[Any] = []
    with forward_ad.dual_level():
        dual_input = forward_ad.make_dual(primal, tangent)
        found.append(forward_ad.unpack_dual(dual_input).tangent is tangent)
        plain = torch.randn(10, 10)
        found.append(forward_ad.unpack_dual(forward_ad.unpack_dual(plain).primal).tangent)
        dual_output = dual_input**2 + plain**2
        found.append(forward_ad.unpack_dual(dual_output).tangent)
        with torch.no_grad():
            found.append(forward_ad.unpack_dual(dual_input.sin()).tangent)
        found += [forward_ad.unpack_dual(dual_input.detach()).tangent, dual_input.requires_grad]
        copy = dual_input.clone()
        copy.mul_(2)
        found.append(forward_ad.unpack_dual(copy).tangent)
        buffer = torch.zeros(10, 10)
        buffer[0] = dual_input[1]
        found.append(forward_ad.unpack_dual(buffer).tangent)
        found += [error_of(lambda: forward_ad.make_dual(dual_input, tangent)), error_of(forward_ad.enter_dual_level)]
        found.append(error_of(lambda: forward_ad.make_dual(primal, torch.ones(3))))
        found.append(error_of(lambda: forward_ad.make_dual(primal.long(), tangent)))
    found.append(forward_ad.unpack_dual(dual_output).tangent)
    found.append(error_of(lambda: forward_ad.make_dual(primal, tangent)))
    return found


@example
def forward_mode_of_a_module(torch: Any) -> Any:
    forward_ad = torch.autograd.forward_ad
    model = torch.nn.Linear(5, 5)
    input = torch.randn(16, 5)
    params = dict(model.named_parameters())
    tangents = {name: torch.rand_like(p) for name, p in params.items()}
    with forward_ad.dual_level():
        for name, p in params.items():
            delattr(model, name)
            setattr(model, name, forward_ad.make_dual(p, tangents[name]))
        out = model(input)
        jvp = forward_ad.unpack_dual(out).tangent
    with forward_ad.dual_level():
        duals = {name: forward_ad.make_dual(p, tangents[name]) for name, p in params.items()}
        other = torch.nn.Linear(5, 5)
        again = forward_ad.unpack_dual(torch.func.functional_call(other, duals, input)).tangent
    return jvp, torch.allclose(jvp, again)


@example
def forward_over_reverse(torch: Any) -> Any:
    forward_ad = torch.autograd.forward_ad
    x, v = torch.randn(4, requires_grad=True), torch.randn(4)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, v)
        y = (dual**3).sum() * dual[0]
        (gradient,) = torch.autograd.grad(y, dual, create_graph=True)
        primal, tangent = forward_ad.unpack_dual(gradient)
        (by_leaf,) = torch.autograd.grad(y, x, create_graph=True)
        of_leaf = forward_ad.unpack_dual(by_leaf).tangent
    return primal, tangent, of_leaf


# --- functional --------------------------------------------------------------------------------------------------


@example
def functional_api(torch: Any) -> Any:
    functional = torch.autograd.functional
    exp_reducer = lambda x: x.exp().sum(dim=1)  # noqa: E731
    adder = lambda x, y: 2 * x + 3 * y  # noqa: E731
    exp_adder = lambda x, y: 2 * x.exp() + 3 * y  # noqa: E731
    pow_reducer = lambda x: x.pow(3).sum()  # noqa: E731
    pow_adder_reducer = lambda x, y: (2 * x.pow(2) + 3 * y.pow(2)).sum()  # noqa: E731
    inputs, two = torch.rand(4, 4), (torch.rand(2), torch.rand(2))
    small = torch.rand(2, 2)
    return [
        functional.vjp(exp_reducer, inputs, torch.ones(4)),
        functional.vjp(exp_reducer, inputs, torch.ones(4), create_graph=True),
        functional.vjp(adder, two, torch.ones(2)),
        functional.jvp(exp_reducer, inputs, torch.ones(4, 4)),
        functional.jvp(exp_reducer, inputs, torch.ones(4, 4), create_graph=True),
        functional.jvp(adder, two, (torch.ones(2), torch.ones(2))), functional.jacobian(exp_reducer, small),
        functional.jacobian(exp_reducer, small, create_graph=True), functional.jacobian(exp_adder, two),
        functional.jacobian(exp_adder, two, vectorize=True),
        functional.jacobian(exp_adder, two, vectorize=True, strategy="forward-mode"),
        functional.hessian(pow_reducer, small), functional.hessian(pow_reducer, small, create_graph=True),
        functional.hessian(pow_adder_reducer, two), functional.hessian(pow_adder_reducer, two, vectorize=True),
        functional.hessian(pow_reducer, small, vectorize=True, outer_jacobian_strategy="forward-mode"),
        functional.vhp(pow_reducer, small, torch.ones(2, 2)), functional.vhp(pow_adder_reducer, two, two),
        functional.hvp(pow_reducer, small, torch.ones(2, 2)), functional.hvp(pow_adder_reducer, two, two),
        functional.hvp(pow_reducer, small, torch.ones(2, 2), create_graph=True),
    ]  # fmt: skip


# --- checkpoint, pytrees -----------------------------------------------------------------------------------------


@example
def checkpointing(torch: Any) -> Any:
    cp = torch.utils.checkpoint
    model = torch.nn.Sequential(*[
        layer for _ in range(6) for layer in (torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Dropout(0.3))
    ])  # fmt: skip
    x = torch.randn(3, 4)

    def gradients(call: Any, input: Any) -> Any:
        model.zero_grad()
        torch.manual_seed(1)
        call(input).sum().backward()
        return [p.grad for p in model.parameters()], torch.rand(1)

    leaf = x.clone().requires_grad_()
    found = [gradients(model, x)]
    for reentrant, input in ((False, x), (True, leaf)):
        found.append(gradients(lambda x, r=reentrant: cp.checkpoint(model, x, use_reentrant=r), input))
        found.append(gradients(lambda x, r=reentrant: cp.checkpoint_sequential(model, 3, x, use_reentrant=r), input))
    inner = lambda x: cp.checkpoint(model, x, use_reentrant=False)  # noqa: E731
    found.append(gradients(lambda x: cp.checkpoint(inner, x, use_reentrant=False), x))
    calls: list[int] = []

    def counted(a: Any, *, b: Any = 1) -> Any:
        calls.append(1)
        return (a * b).sin().cos()

    w = torch.ones(3, requires_grad=True)
    y = cp.checkpoint(counted, w, b=2, use_reentrant=False)
    (first,) = torch.autograd.grad(y.sum(), w, retain_graph=True)
    (second,) = torch.autograd.grad(y.sum(), w)
    found += [first, second, len(calls)]
    number = [0]

    def other_each_time(a: Any) -> Any:
        number[0] += 1
        return a.sin().cos() if number[0] % 2 else a.sin()

    def other_shape(a: Any) -> Any:
        number[0] += 1
        return (a.sin() if number[0] % 2 else a[:2].sin()).sum()

    reentrant = lambda f: cp.checkpoint(f, w, use_reentrant=True)  # noqa: E731
    again = lambda f, **options: cp.checkpoint(f, w, use_reentrant=False, **options).sum().backward()  # noqa: E731
    found += [
        error_of(lambda: again(other_each_time)), error_of(lambda: again(other_shape)),
        error_of(lambda: torch.autograd.grad(reentrant(torch.sin).sum(), w)),
        error_of(lambda: reentrant(lambda a: a.detach()).sum().backward()),
        error_of(lambda: cp.checkpoint(counted, w, b=2, use_reentrant=True)),
        error_of(lambda: again(torch.sin, determinism_check="some")),
        error_of(lambda: cp.checkpoint_sequential(model, 2, x, use_reentrant=False, other=1)),
    ]  # fmt: skip
    return found


@example
def pytrees(torch: Any) -> Any:
    pytree = torch.utils._pytree
    tree = {"b": 1, "a": (2, [3, None])}
    leaves, spec = pytree.tree_flatten(tree)
    return [
        leaves, spec.num_leaves, pytree.tree_unflatten(leaves, spec), pytree.tree_map(lambda x: x, tree),
        pytree.tree_leaves(tree), pytree.tree_map_only(int, lambda x: x + 1, tree), spec == pytree.tree_structure(tree),
        pytree.tree_all(lambda x: x is not None, tree), pytree.tree_any(lambda x: x is None, tree),
        error_of(lambda: pytree.tree_unflatten([1], spec)), repr(pytree.tree_structure((1, [2]))),
    ]  # fmt: skip
