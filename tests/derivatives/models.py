"""Small networks in float64, and their derivatives in every way that PyTorch has.

Each network stands here twice: of plain operations, and of layers, which is as good as that the layers are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Model(NamedTuple):
    """A network as a function of its parameters, and what goes into it."""

    call: Callable[..., Any]  # (parameters, input) -> output
    parameters: tuple[Any, ...]
    x: Any
    y: Any
    batch_dim: int = 0  # of x

    def loss(self, *parameters: Any) -> Any:
        """A smooth loss of the parameters."""
        return ((self.call(parameters, self.x) - self.y) ** 2).mean()


def _drawn(torch: Any, *shapes: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(torch.randn(shape, dtype=torch.float64) / math.sqrt(shape[-1]) for shape in shapes)


# --- of plain operations -----------------------------------------------------------------------------------------


def mlp(torch: Any) -> Model:
    """Three linear maps with tanh and softplus between them."""

    def call(parameters: Any, x: Any) -> Any:
        w1, b1, w2, b2, w3 = parameters
        hidden = torch.tanh(x @ w1.T + b1)
        return torch.nn.functional.softplus(hidden @ w2.T + b2) @ w3.T

    parameters = _drawn(torch, (4, 3), (4,), (3, 4), (3,), (2, 3))
    return Model(call, parameters, *_drawn(torch, (5, 3), (5, 2)))


def cnn(torch: Any) -> Model:
    """Two convolutions by windows and products, the mean over space, and a linear map."""

    def convolve(x: Any, weight: Any, bias: Any) -> Any:
        windows = x.unfold(2, 3, 1).unfold(3, 3, 1)  # (N, C, H, W, 3, 3)
        columns = windows.permute(0, 2, 3, 1, 4, 5).flatten(3)  # (N, H, W, C * 9)
        return (columns @ weight.flatten(1).T + bias).permute(0, 3, 1, 2)

    def call(parameters: Any, x: Any) -> Any:
        w1, b1, w2, b2, w3 = parameters
        hidden = torch.nn.functional.silu(convolve(x, w1, b1))
        pooled = torch.sigmoid(convolve(hidden, w2, b2)).mean((2, 3))
        return pooled @ w3.T

    parameters = _drawn(torch, (2, 1, 3, 3), (2,), (2, 2, 3, 3), (2,), (2, 2))
    return Model(call, parameters, *_drawn(torch, (2, 1, 6, 6), (2, 2)))


def lstm(torch: Any) -> Model:
    """A recurrent network over four steps, and a linear map of its last state."""

    def call(parameters: Any, x: Any) -> Any:
        w_input, w_hidden, bias, w_out = parameters
        h = x.new_zeros(x.shape[1], w_hidden.shape[1])
        c = torch.zeros_like(h)
        for step in x:
            gates = step @ w_input.T + h @ w_hidden.T + bias
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h @ w_out.T

    parameters = _drawn(torch, (12, 2), (12, 3), (12,), (2, 3))
    return Model(call, parameters, *_drawn(torch, (4, 2, 2), (2, 2)), batch_dim=1)


def attention(torch: Any) -> Model:
    """A block of a transformer: normalised, two heads with a causal mask, and a feed-forward part."""

    def normalised(x: Any, weight: Any, bias: Any) -> Any:
        centred = x - x.mean(-1, keepdim=True)
        return centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + 1e-5) * weight + bias

    def call(parameters: Any, x: Any) -> Any:
        scale, shift, w_all, w_out, w_up, w_down = parameters
        batch, length, width = x.shape
        projected = normalised(x, scale, shift) @ w_all.T
        q, k, v = (part.reshape(batch, length, 2, width // 2).transpose(1, 2) for part in projected.split(width, -1))
        scores = q @ k.transpose(-2, -1) / math.sqrt(width // 2)
        allowed = torch.ones(length, length, dtype=torch.bool).tril()
        weights = torch.softmax(scores.masked_fill(~allowed, -math.inf), -1)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + mixed @ w_out.T
        return x + torch.nn.functional.gelu(x @ w_up.T) @ w_down.T

    parameters = _drawn(torch, (4,), (4,), (12, 4), (4, 4), (6, 4), (4, 6))
    return Model(call, parameters, *_drawn(torch, (2, 3, 4), (2, 3, 4)))


# --- of layers ---------------------------------------------------------------------------------------------------


def _of_module(
    torch: Any, module: Any, call: Callable[..., Any], *shapes: tuple[int, ...], batch_dim: int = 0
) -> Model:
    names = [name for name, _ in module.named_parameters()]
    values = tuple(value.detach().to(torch.float64) for value in module.parameters())
    module.to(torch.float64)

    def of_parameters(parameters: Any, x: Any) -> Any:
        given = dict(zip(names, parameters, strict=True))
        return call(torch.func.functional_call(module, given, (x,)))

    return Model(of_parameters, values, *_drawn(torch, *shapes), batch_dim=batch_dim)


def linear_layers(torch: Any) -> Model:
    """The layers Linear, Tanh and Softplus."""
    nn = torch.nn
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.Softplus(), nn.Linear(3, 2))
    return _of_module(torch, module, lambda out: out, (5, 3), (5, 2))


def conv_layers(torch: Any) -> Model:
    """The layers Conv2d, SiLU, AvgPool2d and BatchNorm2d, in evaluation."""
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.SiLU(), nn.AvgPool2d(2), nn.Conv2d(2, 2, 3), nn.Sigmoid(),
        nn.Flatten(), nn.Linear(2, 2),
    ).eval()  # fmt: skip
    return _of_module(torch, module, lambda out: out, (2, 1, 6, 6), (2, 2))


def lstm_layer(torch: Any) -> Model:
    """The layer LSTM."""
    module = torch.nn.LSTM(2, 3)
    return _of_module(torch, module, lambda out: out[0][-1], (4, 2, 2), (2, 3), batch_dim=1)


def attention_layers(torch: Any) -> Model:
    """A layer of a transformer's encoder."""
    options = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
    module = torch.nn.TransformerEncoderLayer(4, 2, 6, **options)
    return _of_module(torch, module, lambda out: out, (2, 3, 4), (2, 3, 4))


PLAIN = {"mlp": mlp, "cnn": cnn, "lstm": lstm, "attention": attention}
LAYERS = {
    "linear_layers": linear_layers,
    "conv_layers": conv_layers,
    "lstm_layer": lstm_layer,
    "attention_layers": attention_layers,
}


# --- derivatives -------------------------------------------------------------------------------------------------


Ways = dict[str, Callable[[], Any]]  # the first is that which PyTorch has for every network


def directions(torch: Any, model: Model) -> tuple[Any, ...]:
    """A direction for each parameter."""
    return tuple(torch.cos(torch.arange(p.numel(), dtype=p.dtype)).reshape(p.shape) for p in model.parameters)


def hessian_products(torch: Any, model: Model) -> Ways:
    """The product of the loss's Hessian with a direction, in six ways: each must be the same."""
    parameters, v = model.parameters, directions(torch, model)
    functional, func = torch.autograd.functional, torch.func
    every = tuple(range(len(parameters)))
    gradient = func.grad(model.loss, argnums=every)

    def by_graph() -> Any:
        leaves = [p.clone().requires_grad_() for p in parameters]
        first = torch.autograd.grad(model.loss(*leaves), leaves, create_graph=True)
        return torch.autograd.grad(sum((f * d).sum() for f, d in zip(first, v, strict=True)), leaves)

    def along(*given: Any) -> Any:
        return func.jvp(model.loss, given, v)[1]

    return {
        "hvp": lambda: functional.hvp(model.loss, parameters, v)[1],
        "vhp": lambda: functional.vhp(model.loss, parameters, v)[1],
        "of the graph": by_graph,
        "forward over reverse": lambda: func.jvp(gradient, parameters, v)[1],
        "reverse over forward": lambda: func.grad(along, argnums=every)(*parameters),
        "reverse over reverse": lambda: func.vjp(gradient, *parameters)[1](v),
    }


def jacobians(torch: Any, model: Model) -> Ways:
    """The Jacobian of the output by the first parameter and by the input, in five ways."""

    def of(first: Any, x: Any) -> Any:
        return model.call((first, *model.parameters[1:]), x)

    given = (model.parameters[0], model.x)
    functional, func = torch.autograd.functional, torch.func
    return {
        "jacobian": lambda: functional.jacobian(of, given),
        "vectorized": lambda: functional.jacobian(of, given, vectorize=True),
        "forward": lambda: functional.jacobian(of, given, vectorize=True, strategy="forward-mode"),
        "jacrev": lambda: func.jacrev(of, argnums=(0, 1))(*given),
        "jacfwd": lambda: func.jacfwd(of, argnums=(0, 1))(*given),
    }


def hessians(torch: Any, model: Model) -> Ways:
    """The loss's Hessian by the last parameter, in four ways."""

    def of(last: Any) -> Any:
        return model.loss(*model.parameters[:-1], last)

    given = model.parameters[-1]
    functional, func = torch.autograd.functional, torch.func
    return {
        "hessian": lambda: functional.hessian(of, given),
        "vectorized": lambda: functional.hessian(of, given, vectorize=True),
        "func.hessian": lambda: func.hessian(of)(given),
        "jacrev of jacrev": lambda: func.jacrev(func.jacrev(of))(given),
    }


def per_sample_gradients(torch: Any, model: Model) -> Ways:
    """The gradient by each parameter for each example, in a loop and at once."""

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return ((model.call(parameters, x.unsqueeze(model.batch_dim)) - y.unsqueeze(0)) ** 2).mean()

    def in_a_loop() -> Any:
        found = [
            torch.func.grad(loss)(model.parameters, model.x.select(model.batch_dim, number), model.y[number])
            for number in range(len(model.y))
        ]
        return tuple(torch.stack(column) for column in zip(*found, strict=True))

    def at_once() -> Any:
        dims = (None, model.batch_dim, 0)
        return torch.func.vmap(torch.func.grad(loss), in_dims=dims)(model.parameters, model.x, model.y)

    return {"loop": in_a_loop, "vmap": at_once}


DERIVATIVES = {
    "hvp": hessian_products, "jacobian": jacobians, "hessian": hessians, "per_sample": per_sample_gradients,
}  # fmt: skip
