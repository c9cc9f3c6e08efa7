"""The examples of PyTorch's pages on derivatives, for each documented name: `torch.func`, `torch.autograd`, checkpoint.

Each is a function of the package, and gives what the page prints or asserts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .results import error_of

EXAMPLES: dict[str, Callable[[Any], Any]] = {}


def example(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Enter an example, under the name of what it is about."""
    EXAMPLES[function.__name__] = function
    return function


# --- torch.func.grad, grad_and_value -----------------------------------------------------------------------------


@example
def grad_of_sin(torch: Any) -> Any:
    x = torch.randn([])
    cos_x = torch.func.grad(lambda x: torch.sin(x))(x)
    neg_sin_x = torch.func.grad(torch.func.grad(lambda x: torch.sin(x)))(x)
    return cos_x, neg_sin_x, torch.allclose(cos_x, x.cos()), torch.allclose(neg_sin_x, -x.sin())


@example
def per_sample_gradients_of_a_linear_model(torch: Any) -> Any:
    from_func = torch.func
    batch_size, feature_size = 3, 5

    def model(weights: Any, feature_vec: Any) -> Any:
        return feature_vec.dot(weights).relu()

    def compute_loss(weights: Any, example: Any, target: Any) -> Any:
        y = model(weights, example)
        return ((y - target) ** 2).mean()

    weights = torch.randn(feature_size, requires_grad=True)
    examples = torch.randn(batch_size, feature_size)
    targets = torch.randn(batch_size)
    grad_weight_per_example = from_func.vmap(from_func.grad(compute_loss), in_dims=(None, 0, 0))(
        weights, examples, targets
    )
    return grad_weight_per_example, grad_weight_per_example.requires_grad


@example
def grad_with_argnums_and_aux(torch: Any) -> Any:
    def my_loss_func(y: Any, y_pred: Any) -> Any:
        loss_per_sample = (0.5 * y_pred - y) ** 2
        loss = loss_per_sample.mean()
        return loss, (y_pred, loss_per_sample)

    fn = torch.func.grad(my_loss_func, argnums=(0, 1), has_aux=True)
    y_true, y_preds = torch.rand(4), torch.rand(4, requires_grad=True)
    grads, (aux_pred, aux_loss) = fn(y_true, y_preds)
    only_second = torch.func.grad(lambda x, y: (x * y).sum(), argnums=1)(y_true, y_preds)
    negative = torch.func.grad(lambda x, y: (x * y).sum(), argnums=-1)(y_true, y_preds)
    return grads, aux_pred, aux_loss, only_second, negative


@example
def grad_and_no_grad(torch: Any) -> Any:
    def f(x: Any) -> Any:
        with torch.no_grad():
            c = x**2
        return x - c

    x = torch.tensor(3.0)
    inside = torch.func.grad(f)(x)
    with torch.no_grad():
        outside = torch.func.grad(lambda x: x**2)(x)
    return inside, outside


@example
def grad_errors(torch: Any) -> Any:
    x = torch.randn(3)
    grad = torch.func.grad
    return [
        error_of(lambda: grad(lambda x: x * 2)(x)),
        error_of(lambda: grad(lambda x: 3)(x)),
        error_of(lambda: grad(lambda x: x.sum(), argnums=3)(x)),
        error_of(lambda: grad(lambda x: x.sum(), argnums=())(x)),
        error_of(lambda: grad(lambda x: x.sum(), argnums=(0, 0))(x)),
        error_of(lambda: grad(lambda x: x.sum(), argnums="0")(x)),
        error_of(lambda: grad(lambda x: x.sum(), has_aux=True)(x)),
        error_of(lambda: grad(lambda x: x)(3.0)),
    ]


@example
def grad_of_containers(torch: Any) -> Any:
    params = {"w": torch.ones(2), "list": [torch.tensor(2.0), torch.tensor(3.0)]}
    return torch.func.grad_and_value(lambda p: (p["w"].sum() * p["list"][0] ** 2) + 0 * p["list"][1])(params)


@example
def grad_and_autograd_compose(torch: Any) -> Any:
    x = torch.tensor(2.0, requires_grad=True)
    first = torch.func.grad(lambda x: x**3)(x)
    first.backward()
    w = torch.tensor(3.0, requires_grad=True)
    captured = torch.func.grad(lambda x: w * x**2)(torch.tensor(5.0))
    captured.backward()
    unrelated = torch.func.grad(lambda x: x**3)(torch.tensor(2.0))
    return x.grad, captured, w.grad, first.requires_grad, unrelated.requires_grad


# --- vjp, jvp, linearize -----------------------------------------------------------------------------------------


@example
def vjp_examples(torch: Any) -> Any:
    vjp = torch.func.vjp
    x = torch.randn([5])
    _, vjpfunc = vjp(lambda x: x.sin().sum(), x)
    single = vjpfunc(torch.tensor(1.0))[0]
    _, vjpfunc = vjp(lambda x: (x.sin(), x.cos()), x)
    several = vjpfunc((torch.ones([5]), torch.ones([5])))
    _, vjpfunc = vjp(lambda x: {"first": x.sin(), "second": x.cos()}, x)
    struct = vjpfunc({"first": torch.ones([5]), "second": torch.ones([5])})
    _, vjpfunc = vjp(torch.matmul, torch.randn([5, 4]), torch.randn([4, 5]))
    products = vjpfunc(torch.randn([5, 5]))
    _, vjpfunc = vjp(lambda x, scale=4.0: x * scale, x)
    scaled = vjpfunc(torch.ones_like(x))
    output, vjpfunc, aux = vjp(lambda x: (x.sin(), x * 2), x, has_aux=True)
    return single, several, struct, products, scaled, output, vjpfunc(x), aux


@example
def vjp_errors(torch: Any) -> Any:
    x = torch.randn(3)
    vjp = torch.func.vjp
    _, pull = vjp(lambda x: (x, x), x)
    return [
        error_of(lambda: vjp(lambda x: 3, x)),
        error_of(lambda: vjp(lambda x: None, x)),
        error_of(lambda: vjp(lambda x: x.long(), x)),
        error_of(lambda: pull(x)),
        error_of(lambda: pull((x, x, x))),
        error_of(lambda: vjp(lambda x: x, x, has_aux=True)),
    ]


@example
def jvp_examples(torch: Any) -> Any:
    jvp = torch.func.jvp
    x, y = torch.randn(5), torch.randn(5)
    value, tangent = jvp(lambda x: x * torch.tensor([1.0, 2.0, 3]), (torch.randn([]),), (torch.tensor(1.0),))
    _, several = jvp(lambda x, y: x * y, (x, y), (torch.ones_like(x), torch.ones_like(y)))
    _, struct = jvp(lambda x: {"a": x.sin(), "b": (x**2).sum()}, (x,), (y,))
    _, constant = jvp(lambda x: torch.ones(2), (x,), (y,))
    _, tangent2, aux = jvp(lambda x: (x.exp(), x + 1), (x,), (y,), has_aux=True)
    return value, tangent, several, struct, constant, tangent2, aux


@example
def jvp_errors(torch: Any) -> Any:
    x = torch.randn(3)
    jvp = torch.func.jvp
    return [
        error_of(lambda: jvp(lambda x: x, x, x)),
        error_of(lambda: jvp(lambda x: x, (x,), (x, x))),
        error_of(lambda: jvp(lambda x: x, (x,), (torch.randn(4),))),
        error_of(lambda: jvp(lambda x: x, (), ())),
        error_of(lambda: jvp(lambda x: x, (3.0,), (3.0,))),
        error_of(lambda: jvp(lambda x: 3.0, (x,), (x,))),
        error_of(lambda: jvp(lambda x: torch.ones(2), (x,), (x,), strict=True)),
        error_of(lambda: jvp(lambda x: x.sum(), (x.long(),), (x,))),
    ]


@example
def linearize_example(torch: Any) -> Any:
    output, jvp_fn = torch.func.linearize(lambda x: x.sin(), torch.zeros(3, 3))
    x = torch.randn(4)
    both, push = torch.func.linearize(lambda x: (x.exp(), x.sum() ** 2), x)
    return output, jvp_fn(torch.ones(3, 3)), both, push(torch.ones(4)), push(x)


# --- jacrev, jacfwd, hessian -------------------------------------------------------------------------------------


@example
def jacobians(torch: Any) -> Any:
    x, y = torch.randn(5), torch.randn(5)
    found: list[Any] = []
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        found.append(jacobian(torch.sin)(x))
        found.append(torch.func.vmap(jacobian(torch.sin))(torch.randn(3, 5)))
        found.append(jacobian(lambda x: (x.sin(), x.sin()), has_aux=True)(x))
        found.append(jacobian(lambda x, y: x + y**2, argnums=1)(x, y))
        found.append(jacobian(lambda x, y: x + y**2, argnums=(0, 1))(x, y))
        found.append(jacobian(lambda x: {"a": x**2, "b": (x.sum(), x.prod())})(x))
        found.append(jacobian(lambda d: d["x"].sum() * d["y"])({"x": x, "y": y}))
        found.append(jacobian(lambda x: x.sum())(torch.randn(2, 3)))
        found.append(jacobian(lambda x: x.unsqueeze(0) * torch.ones(2, 1))(torch.tensor(3.0)))
    return found


@example
def jacrev_in_chunks(torch: Any) -> Any:
    x = torch.randn(5)
    f = lambda x: x.sin().cumsum(0)  # noqa: E731
    whole = torch.func.jacrev(f)(x)
    chunks = [torch.func.jacrev(f, chunk_size=size)(x) for size in (1, 2, 3, 5, 100)]
    return whole, chunks, error_of(lambda: torch.func.jacrev(f, chunk_size=0))


@example
def hessians(torch: Any) -> Any:
    func = torch.func
    x = torch.randn(4)
    f = lambda x: (x.sin() * x.cumsum(0)).sum()  # noqa: E731
    return [
        func.hessian(f)(x), func.jacfwd(func.jacrev(f))(x), func.jacrev(func.jacfwd(f))(x),
        func.jacrev(func.jacrev(f))(x), func.jacfwd(func.jacfwd(f))(x), func.vmap(func.hessian(f))(torch.randn(2, 4)),
        func.hessian(lambda x, y: (x**2 * y).sum(), argnums=(0, 1))(x, x.cos()),
    ]  # fmt: skip


@example
def hessian_vector_products_by_composition(torch: Any) -> Any:
    func = torch.func
    x, v = torch.randn(4), torch.randn(4)
    f = lambda x: (x**3).sum() * x[0]  # noqa: E731
    forward_over_reverse = func.jvp(func.grad(f), (x,), (v,))[1]
    reverse_over_reverse = func.vjp(func.grad(f), x)[1](v)[0]
    reverse_over_forward = func.grad(lambda x: func.jvp(f, (x,), (v,))[1])(x)
    return forward_over_reverse, reverse_over_reverse, reverse_over_forward


# --- vmap --------------------------------------------------------------------------------------------------------


@example
def vmap_examples(torch: Any) -> Any:
    vmap = torch.func.vmap
    found: list[Any] = []
    x, y = torch.randn(2, 5), torch.randn(2, 5)
    found.append(vmap(torch.dot)(x, y))
    weights = torch.randn(5, requires_grad=True)
    result = torch.vmap(lambda feature_vec: feature_vec.dot(weights).relu())(torch.randn(3, 5))
    result.sum().backward()
    found += [result, weights.grad]
    leaf = torch.randn(5, requires_grad=True)
    square = leaf**2
    found.append(torch.vmap(lambda v: torch.autograd.grad(square, leaf, v))(torch.eye(5)))
    found.append(vmap(torch.add, in_dims=(0, 1))(torch.randn(2, 5), torch.randn(5, 2)))
    nested = vmap(vmap(torch.dot))(torch.randn(2, 3, 5), torch.randn(2, 3, 5))
    found.append(nested)
    found.append(vmap(torch.dot, in_dims=1)(torch.randn(2, 5), torch.randn(2, 5)))
    found.append(vmap(torch.dot, in_dims=(0, None))(torch.randn(2, 5), torch.randn(5)))
    f = lambda dict: torch.dot(dict["x"], dict["y"])  # noqa: E731
    x, y = torch.randn(2, 5), torch.randn(5)
    found.append(vmap(f, in_dims=({"x": 0, "y": None},))({"x": x, "y": y}))
    found.append(vmap(torch.pow, out_dims=1)(torch.randn(2, 5), torch.ones(2, 5)))
    f = lambda x, y=4.0: x * y  # noqa: E731
    found += [vmap(f)(torch.ones(2, 5), y=torch.ones(5)), vmap(f)(torch.ones(2, 5))]
    found.append(vmap(lambda x: {"a": x.sum(), "b": (x, x * 2)}, out_dims={"a": 0, "b": (0, 1)})(torch.randn(3, 2)))
    found.append(vmap(lambda x: (x, torch.ones(2)), out_dims=(0, None))(torch.randn(3)))
    return found


@example
def vmap_and_numbers_of_other_kinds(torch: Any) -> Any:
    vmap = torch.func.vmap
    x = torch.randn(3, 4)
    return [
        vmap(lambda x: x.argmax())(x), vmap(lambda x: x > 0)(x), vmap(lambda x: x.sort(descending=True).values)(x),
        vmap(lambda x: x.topk(2))(x), vmap(lambda x: x.shape[0] * x.ndim * x)(x), vmap(lambda x: torch.zeros(2))(x),
        vmap(lambda x: x.new_zeros(2).add_(x[:2]))(x), vmap(lambda x: torch.zeros_like(x).copy_(x).mul_(2))(x),
        vmap(lambda x, i: x[i])(x, torch.tensor([0, 3, 1])), vmap(lambda i: x[0][i])(torch.tensor([0, 3, 1])),
        vmap(lambda x: torch.where(x > 0, x, -x))(x), vmap(lambda x: torch.einsum("i,j->ij", x, x))(x),
    ]  # fmt: skip


@example
def vmap_in_place(torch: Any) -> Any:
    vmap = torch.func.vmap
    x = torch.randn(3, 4)

    def f(x: Any) -> Any:
        out = x.new_zeros(4)
        out[0] = x[1]
        out[1:3] += x[:2]
        out[-1:] = 5
        view = out[2:]
        view.mul_(2)
        return out

    kept = x.clone()
    vmap(lambda x: x.add_(1))(x)
    return vmap(f)(kept), x - kept, error_of(lambda: vmap(lambda y: torch.zeros(4).add_(y))(x))


@example
def vmap_randomness(torch: Any) -> Any:
    vmap = torch.func.vmap
    x = torch.full((3, 4), 0.5)
    found: list[Any] = []
    functions = [
        lambda x: x + torch.randn(4), lambda x: x + torch.rand(4), lambda x: torch.rand_like(x),
        lambda x: torch.nn.functional.dropout(x), lambda x: torch.randint(0, 10, (2,)), lambda x: torch.randperm(3),
        lambda x: x.clone().uniform_(), lambda x: x.clone().normal_(1, 2), lambda x: x.clone().bernoulli_(0.3),
    ]  # fmt: skip
    for function in functions:
        for randomness in ("same", "different"):
            found.append(vmap(function, randomness=randomness)(x))
        found.append(error_of(lambda: vmap(function)(x)))  # noqa: B023
    for function in (torch.bernoulli, lambda p: torch.multinomial(p, 2), lambda x: torch.normal(x, 1.0)):
        found.append(vmap(function, randomness="different")(x))
        found.append(error_of(lambda: vmap(function, randomness="same")(x)))  # noqa: B023
    found.append(vmap(lambda x: torch.rand(1), randomness="different", chunk_size=2)(x))
    found.append(vmap(lambda x: torch.rand(1), randomness="same", chunk_size=2)(x))
    found.append(vmap(vmap(lambda x: torch.rand(1), randomness="different"), randomness="different")(x))
    found.append(torch.rand(1))
    return found


@example
def vmap_errors(torch: Any) -> Any:
    vmap = torch.func.vmap
    x = torch.randn(3, 4)
    calls = [
        lambda: vmap(lambda x: x.item())(torch.randn(3)), lambda: vmap(lambda x: x if x.sum() > 0 else -x)(x),
        lambda: vmap(lambda x: x.nonzero())(x), lambda: vmap(lambda x: x[x > 0])(x), lambda: vmap(lambda x: 3)(x),
        lambda: vmap(lambda x: x, in_dims=5)(x), lambda: vmap(lambda x: x, in_dims=(0, 0))(x),
        lambda: vmap(lambda x: x, in_dims=None)(x), lambda: vmap(lambda x: x)(3), lambda: vmap(lambda: 3)(),
        lambda: vmap(lambda x, y: x)(x, torch.zeros(2)), lambda: vmap(lambda x: x, out_dims=(0, 0))(x),
        lambda: vmap(lambda x: (x, x), out_dims=(0, None))(x), lambda: vmap(lambda x: x, out_dims=3)(x),
        lambda: vmap(lambda x: x)(torch.tensor(1.0)), lambda: vmap(lambda x: x, out_dims="a")(x),
        lambda: vmap(lambda x: x, randomness="maybe")(x), lambda: vmap(lambda x: x, chunk_size=0)(x),
        lambda: vmap(lambda x: x.requires_grad_())(x), lambda: vmap(lambda x: x.sum().backward())(x),
        lambda: vmap(lambda x: torch.unique(x))(x), lambda: vmap(lambda x, y: x, in_dims=(None, None))(x, x),
        lambda: vmap(lambda x: x, in_dims=({"a": 0},))({"b": x}), lambda: vmap(torch.dot)(x, torch.randn(3, 5)),
    ]  # fmt: skip
    return [error_of(call) for call in calls]


@example
def vmap_in_chunks(torch: Any) -> Any:
    x = torch.randn(7, 2)
    f = lambda x: (x.sum(), x * 2)  # noqa: E731
    return [torch.vmap(f, chunk_size=size, out_dims=(0, 1))(x) for size in (1, 2, 3, 7, 50)]


# --- modules as functions ----------------------------------------------------------------------------------------


@example
def functional_call_examples(torch: Any) -> Any:
    class Foo(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.foo = torch.nn.Parameter(torch.ones(()))
            self.foo_tied = self.foo
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x: Any) -> Any:
            self.count = self.count + 1
            return x + self.foo + self.foo_tied

    functional_call = torch.func.functional_call
    mod = Foo()
    found: list[Any] = [mod(torch.zeros(()))]
    a = {"foo": torch.zeros(())}
    found.append(functional_call(mod, a, torch.zeros(())))
    found.append(functional_call(mod, a, torch.zeros(()), tie_weights=False))
    apart = {"foo": torch.zeros(()), "foo_tied": a["foo"]}
    found.append(functional_call(mod, apart, torch.zeros(()), tie_weights=False))
    apart = {"foo": torch.ones(()), "foo_tied": torch.zeros(())}
    found.append(error_of(lambda: functional_call(mod, apart, (a["foo"],))))
    buffers = {"count": torch.tensor(10.0)}
    functional_call(mod, (a, buffers), (torch.zeros(()),))
    found += [buffers["count"], mod.count, mod.foo, mod(torch.zeros(()))]
    found.append(error_of(lambda: functional_call(mod, ({"foo": a["foo"]}, {"foo": a["foo"]}), a["foo"])))
    found.append(error_of(lambda: functional_call(mod, {"bar": a["foo"]}, a["foo"], strict=True)))
    found.append(error_of(lambda: functional_call(mod, {"foo": a["foo"]}, a["foo"], strict=True)))
    found.append(error_of(lambda: functional_call(mod, 3, a["foo"])))
    x, t = torch.randn(4, 3), torch.randn(4, 3)
    model = torch.nn.Linear(3, 3)

    def compute_loss(params: Any, x: Any, t: Any) -> Any:
        return torch.nn.functional.mse_loss(functional_call(model, params, x), t)

    found.append(torch.func.grad(compute_loss)(dict(model.named_parameters()), x, t))
    detached = {k: v.detach() for k, v in model.named_parameters()}
    grads = torch.func.grad(compute_loss)(detached, x, t)
    found.append([g.grad_fn is None for g in grads.values()])
    return found


@example
def stack_module_state_example(torch: Any) -> Any:
    stack_module_state = torch.func.stack_module_state
    models = [torch.nn.Linear(3, 3) for _ in range(5)]
    data = torch.randn(6, 3)

    def wrapper(params: Any, buffers: Any, data: Any) -> Any:
        return torch.func.functional_call(models[0], (params, buffers), data)

    params, buffers = stack_module_state(models)
    output = torch.vmap(wrapper, (0, 0, None))(params, buffers, data)
    same = torch.allclose(output, torch.stack([model(data) for model in models]), atol=1e-6)
    models[0].eval()
    return [
        output, same, params, [p.requires_grad for p in params.values()], [p.is_leaf for p in params.values()],
        error_of(lambda: stack_module_state([])), error_of(lambda: stack_module_state(models)),
        error_of(lambda: stack_module_state([torch.nn.Linear(2, 2), torch.nn.ReLU()])),
    ]  # fmt: skip


@example
def ensemble_of_models(torch: Any) -> Any:
    """The tutorial on model ensembling."""
    models = [torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)) for _ in range(3)]
    params, buffers = torch.func.stack_module_state(models)

    def fmodel(params: Any, buffers: Any, x: Any) -> Any:
        return torch.func.functional_call(models[0], (params, buffers), (x,))

    minibatches = torch.randn(3, 5, 4)
    different = torch.vmap(fmodel)(params, buffers, minibatches)
    same = torch.vmap(fmodel, in_dims=(0, 0, None))(params, buffers, minibatches[0])
    same.sum().backward()
    return different, same, [p.grad for p in params.values()]


@example
def per_sample_gradients_of_a_network(torch: Any) -> Any:
    """The tutorial on per-sample gradients."""
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    data, targets = torch.randn(5, 6), torch.randint(0, 3, (5,))
    params = {k: v.detach() for k, v in model.named_parameters()}

    def compute_loss(params: Any, sample: Any, target: Any) -> Any:
        predictions = torch.func.functional_call(model, params, (sample.unsqueeze(0),))
        return torch.nn.functional.cross_entropy(predictions, target.unsqueeze(0))

    return torch.vmap(torch.func.grad(compute_loss), in_dims=(None, 0, 0))(params, data, targets)


@example
def functionalize_changes_nothing(torch: Any) -> Any:
    def f(t: Any) -> Any:
        b = t.clone()
        b[0].add_(1)
        return b

    t = torch.zeros(2, 2)
    return torch.func.functionalize(f)(t), error_of(lambda: torch.func.functionalize(f, remove="all")(t))
