"""Small calls that programs make all the time outside of gradients: draws, distributions, views, writes, picking.

Most are on 4 to 16 numbers, so that nearly all is what a call costs. Seeds are the same, and so must be what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.harness import Case, Contender, Job, Settings, Timed

NUMBERS = [0.1, 0.2, 0.3, 0.4]
# Given torch or tinygrad_nn: the call to be timed. It gives a tensor, or a tuple of them.
Maker = Callable[[Any], Callable[[], Any]]


def policy(rows: int) -> Maker:
    """An action, its log-probability and the entropy, with gradients: a step of a policy with discrete actions."""

    def make(torch: Any) -> Callable[[], Any]:
        logits = (torch.arange(rows * 4) % 3 / 2).reshape(rows, 4).requires_grad_()

        def step() -> Any:
            choices = torch.distributions.Categorical(logits=logits)
            action = choices.sample()
            return action, choices.log_prob(action), choices.entropy()

        return step

    return make


def gaussian_policy(torch: Any) -> Callable[[], Any]:
    """The same with continuous actions."""
    mean, deviation = torch.zeros(4, requires_grad=True), torch.ones(4, requires_grad=True)

    def step() -> Any:
        choices = torch.distributions.Normal(mean, deviation)
        action = choices.sample()
        return action, choices.log_prob(action), choices.entropy()

    return step


def acting(torch: Any) -> Callable[[], Any]:
    """An action alone, without gradients."""
    logits = torch.tensor(NUMBERS)

    def act() -> Any:
        with torch.no_grad():
            return torch.distributions.Categorical(logits=logits).sample()

    return act


def values_of_actions(torch: Any) -> Callable[[], Any]:
    """The values of the actions that were taken."""
    values = torch.arange(16.0).reshape(4, 4)
    actions = torch.tensor([[0], [1], [3], [0]])
    return lambda: values.gather(1, actions)


def soft_update(torch: Any) -> Callable[[], Any]:
    """A target network's parameter moves towards the trained one's."""
    target, trained = torch.zeros(4), torch.tensor(NUMBERS)
    return lambda: target.mul_(0.9).add_(trained, alpha=0.1)


def on(shape: tuple[int, ...], function: Callable[..., Any]) -> Maker:
    """A function of the package and one tensor of this shape."""

    def make(torch: Any) -> Callable[[], Any]:
        count = 1
        for length in shape:
            count *= length
        x = torch.arange(float(count)).reshape(shape) / count
        return lambda: function(torch, x)

    return make


def of_nothing(function: Callable[[Any], Any]) -> Maker:
    """A function of the package alone."""
    return lambda torch: lambda: function(torch)


CALLS: dict[str, tuple[str, Maker]] = {
    "categorical": ("Categorical(logits=...), sample, log_prob, entropy, with gradients", policy(1)),
    "categorical/32": ("the same for 32 rows", policy(32)),
    "categorical/act": ("Categorical(logits=...).sample() under no_grad", acting),
    "normal": ("Normal(mean, deviation), sample, log_prob, entropy, with gradients", gaussian_policy),
    "multinomial": ("multinomial(p, 1)", on((4,), lambda torch, x: torch.multinomial(x, 1))),
    "bernoulli": ("bernoulli(p)", on((4,), lambda torch, x: torch.bernoulli(x))),
    "rand": ("rand(4)", of_nothing(lambda torch: torch.rand(4))),
    "randn": ("randn(4)", of_nothing(lambda torch: torch.randn(4))),
    "randn/192": ("randn(32, 6)", of_nothing(lambda torch: torch.randn(32, 6))),
    "randint": ("randint(0, 10, (4,))", of_nothing(lambda torch: torch.randint(0, 10, (4,)))),
    "randperm": ("randperm(16)", of_nothing(lambda torch: torch.randperm(16))),
    "zeros": ("zeros(3, 4)", of_nothing(lambda torch: torch.zeros(3, 4))),
    "tensor": ("tensor of four floats", of_nothing(lambda torch: torch.tensor(NUMBERS))),
    "arange": ("arange(10)", of_nothing(lambda torch: torch.arange(10))),
    "linspace": ("linspace(0, 1, 5)", of_nothing(lambda torch: torch.linspace(0, 1, 5))),
    "gather": ("values.gather(1, actions)", values_of_actions),
    "argmax": ("x.argmax(1)", on((4, 4), lambda torch, x: x.argmax(1))),
    "max": ("x.max()", on((4, 4), lambda torch, x: x.max())),
    "clamp": ("x.clamp(-1, 1)", on((4,), lambda torch, x: x.clamp(-1, 1))),
    "masked_fill": ("x.masked_fill(mask, 0)", on((4, 4), lambda torch, x: x.masked_fill(x > 0.5, 0.0))),
    "tril": ("x.tril()", on((4, 4), lambda torch, x: x.tril())),
    "topk": ("x.topk(3)", on((16,), lambda torch, x: x.topk(3))),
    "cumsum": ("x.cumsum(0)", on((16,), lambda torch, x: x.cumsum(0))),
    "view": ("x.view(2, 8)", on((4, 4), lambda torch, x: x.view(2, 8))),
    "unsqueeze": ("x.unsqueeze(0)", on((4,), lambda torch, x: x.unsqueeze(0))),
    "permute": ("x.permute(1, 0)", on((4, 4), lambda torch, x: x.permute(1, 0))),
    "number": ("x[1, 2].item()", on((4, 4), lambda torch, x: (x[1, 2].item(),))),
    "rows": ("the rows of a matrix, one by one", on((4, 4), lambda torch, x: tuple(x))),
    "soft_update": ("target.mul_(0.9).add_(trained, alpha=0.1)", soft_update),
}


def contender(maker: Maker) -> Contender:
    """PyTorch and this package: the very same lines."""

    def make(torch: Any, settings: Settings) -> Job:
        call = maker(torch)

        def answers() -> list[float]:
            torch.manual_seed(0)
            made = call()
            numbers: list[float] = []
            for part in made if isinstance(made, tuple) else (made,):
                numbers += [part] if isinstance(part, float) else part.detach().reshape(-1).tolist()
            return numbers

        return Job(Timed(call, settings), answers)

    return make


CASES = [
    Case(
        name=f"calls/{name}",
        about=about,
        contenders={"tinygrad_nn": contender(maker), "torch": contender(maker)},
    )
    for name, (about, maker) in CALLS.items()
]
