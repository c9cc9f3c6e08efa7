"""Optimizers and schedules that PyTorch and this package both run: tables of their options, and short programs.

The first argument of a program is the package.
"""

import functools
import itertools
from typing import Any

import numpy as np

LAYOUTS = [(3, 5), (4,), (), (2, 3, 2)]
MATRICES = [(3, 5), (5, 3), (1, 4)]
BOTH = [False, True]
STEPS = 100
GOLDEN_STEPS = 25  # of what optim.json holds
MOMENTS = [0, 1, 2, 5, 10, 17, 33, 60, 99, 150, 199]  # of schedules

# Optimizer -> option -> the values that are combined with each other.
OPTIONS: dict[str, dict[str, list[Any]]] = {
    "SGD": {
        "lr": [0.1],
        "momentum": [0, 0.9],
        "dampening": [0, 0.3],
        "weight_decay": [0, 0.1],
        "nesterov": BOTH,
        "maximize": BOTH,
    },
    "Adam": {
        "lr": [1e-2],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 1e-2],
        "weight_decay": [0, 0.1],
        "amsgrad": BOTH,
        "maximize": BOTH,
        "decoupled_weight_decay": BOTH,
    },
    "AdamW": {
        "lr": [1e-2],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 1e-2],
        "weight_decay": [0, 0.1],
        "amsgrad": BOTH,
        "maximize": BOTH,
    },
    "Adamax": {
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 1e-2],
        "weight_decay": [0, 0.1],
        "maximize": BOTH,
    },
    "NAdam": {
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 1e-2],
        "weight_decay": [0, 0.1],
        "momentum_decay": [4e-3, 0.1],
        "decoupled_weight_decay": BOTH,
        "maximize": BOTH,
    },
    "RAdam": {
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 1e-2],
        "weight_decay": [0, 0.1],
        "decoupled_weight_decay": BOTH,
        "maximize": BOTH,
    },
    "RMSprop": {
        "alpha": [0.99, 0.7],
        "eps": [1e-8, 1e-2],
        "weight_decay": [0, 0.1],
        "momentum": [0, 0.9],
        "centered": BOTH,
        "maximize": BOTH,
    },
    "Rprop": {
        "lr": [0.01, 0.3],
        "etas": [(0.5, 1.2), (0.3, 1.5)],
        "step_sizes": [(1e-6, 50), (0.01, 2)],
        "maximize": BOTH,
    },
    "Adagrad": {
        "lr_decay": [0, 0.1],
        "weight_decay": [0, 0.1],
        "initial_accumulator_value": [0, 0.3],
        "eps": [1e-10, 1e-2],
        "maximize": BOTH,
    },
    "Adadelta": {
        "lr": [1.0, 0.1],
        "rho": [0.9, 0.6],
        "eps": [1e-6, 1e-2],
        "weight_decay": [0, 0.1],
        "maximize": BOTH,
    },
    "ASGD": {
        "lambd": [1e-4, 0.1],
        "alpha": [0.75, 0.5],
        "t0": [1e6, 40],
        "weight_decay": [0, 0.1],
        "maximize": BOTH,
    },
    "Adafactor": {
        "lr": [1e-2, 0.3],
        "beta2_decay": [-0.8, -0.5],
        "eps": [(None, 1e-3), (1e-2, 0.5)],
        "d": [1.0, 2.0],
        "weight_decay": [0, 0.1],
        "maximize": BOTH,
    },
    "Muon": {
        "weight_decay": [0, 0.1],
        "momentum": [0.95, 0.3],
        "nesterov": BOTH,
        "ns_coefficients": [(3.4445, -4.7750, 2.0315), (3.0, -3.2, 1.2)],
        "ns_steps": [5, 2],
        "adjust_lr_fn": [None, "original", "match_rms_adamw"],
    },
    "LBFGS": {
        "lr": [1, 0.5],
        "max_iter": [20, 4],
        "history_size": [100, 3],
        "line_search_fn": [None, "strong_wolfe"],
    },
}


def choices(name: str) -> list[dict[str, Any]]:
    """All combinations of an optimizer's options that PyTorch takes."""
    options = OPTIONS[name]
    found = [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]
    if name == "SGD":  # Nesterov's momentum needs a momentum that is not dampened
        found = [o for o in found if not (o["nesterov"] and (not o["momentum"] or o["dampening"]))]
    return found


def some(name: str, count: int = 10) -> list[dict[str, Any]]:
    """A few of them: the first, the last, and what lies between at equal distances."""
    every = choices(name)
    return [every[round(number * (len(every) - 1) / (count - 1))] for number in range(count)]


def numbers(parameters: list[Any]) -> list[float]:
    """The first two numbers of each parameter."""
    return [value for x in parameters for value in x.detach().reshape(-1)[:2].tolist()]


def shapes_for(name: str) -> list[tuple[int, ...]]:
    """The shapes of the parameters: Muon takes matrices only."""
    return MATRICES if name == "Muon" else LAYOUTS


def starts(name: str, dtype: str) -> list[Any]:
    """The parameters' first values."""
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape)).astype(dtype) for shape in shapes_for(name)]


@functools.cache
def gradient(step: int, number: int, shape: tuple[int, ...], dtype: str) -> Any:
    """The gradient of a step for a parameter: always the same."""
    return np.asarray(np.random.default_rng([step, number]).normal(size=shape)).astype(dtype)


def step_through(package: Any, optimizer: Any, parameters: list[Any], dtype: str, steps: range) -> None:
    """Take steps. Now and then there is no gradient for a parameter."""
    shapes = [tuple(x.shape) for x in parameters]
    for step in steps:
        for number, (x, shape) in enumerate(zip(parameters, shapes, strict=True)):
            missing = step % 9 == 4 and number == 1
            x.grad = None if missing else package.from_numpy(gradient(step, number, shape, dtype))
        optimizer.step()


def trained(package: Any, name: str, options: dict[str, Any], dtype: str, steps: int = STEPS) -> tuple[list[Any], Any]:
    """The parameters after so many steps, and the optimizer."""
    parameters = [package.tensor(array, requires_grad=True) for array in starts(name, dtype)]
    optimizer = getattr(package.optim, name)(parameters, **options)
    if name == "LBFGS":
        closure = valley(package, optimizer, parameters, dtype)
        for _ in range(steps):
            optimizer.step(closure)
    else:
        step_through(package, optimizer, parameters, dtype, range(steps))
    return parameters, optimizer


def valley(package: Any, optimizer: Any, parameters: list[Any], dtype: str) -> Any:
    """A closure: squares and fourth powers of differences from some point, whose least value is at that point."""
    rng = np.random.default_rng(2)
    aims = [package.tensor(np.asarray(rng.normal(size=tuple(x.shape))).astype(dtype)) for x in parameters]

    def closure() -> Any:
        optimizer.zero_grad()
        loss = 0
        for weight, (x, aim) in enumerate(zip(parameters, aims, strict=True), 1):
            square = (x - aim) * (x - aim)
            loss = loss + weight * square.sum() + 0.1 * (square * square).sum()
        loss.backward()
        return loss

    return closure


# --- schedules ---------------------------------------------------------------------------------------------------

# Name -> what makes it, of the module with the schedules and an optimizer with two groups.
SCHEDULES: dict[str, Any] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda step: 0.95**step),
    "LambdaLR for each": lambda s, o: s.LambdaLR(o, [lambda step: 1 / (1 + step), lambda step: step % 7]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda step: 0.97 + 0.05 * (step % 2)),
    "StepLR": lambda s, o: s.StepLR(o, 7, 0.7),
    "StepLR default": lambda s, o: s.StepLR(o, 50),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 50, 50, 120], 0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.3, 17),
    "ConstantLR default": lambda s, o: s.ConstantLR(o),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.2, 0.9, 33),
    "LinearLR default": lambda s, o: s.LinearLR(o),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.97),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 60, 0.9),
    "PolynomialLR default": lambda s, o: s.PolynomialLR(o),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 30, 0.001),
    "CosineAnnealingLR long": lambda s, o: s.CosineAnnealingLR(o, 300),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 13),
    "CosineAnnealingWarmRestarts growing": lambda s, o: s.CosineAnnealingWarmRestarts(o, 10, 2, 0.001),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, [0.1, 0.3], step_size_up=11, step_size_down=5),
    "CyclicLR triangular2": lambda s, o: s.CyclicLR(
        o, [0.01, 0.02], 0.1, 7, mode="triangular2", base_momentum=[0.7, 0.8]
    ),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7, mode="exp_range", gamma=0.98, cycle_momentum=False),
    "CyclicLR scale_fn": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7, scale_fn=lambda x: 0.9**x, scale_mode="iterations"),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=200),
    "OneCycleLR three phases": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.2], epochs=20, steps_per_epoch=10, three_phase=True, anneal_strategy="linear", pct_start=0.2
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=10), s.CosineAnnealingLR(o, 50), s.ExponentialLR(o, 0.9)], [10, 60]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.99)]),
    "two at once": lambda s, o: [s.StepLR(o, 10, 0.8), s.CosineAnnealingLR(o, 40)],
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(o, patience=3, cooldown=2, factor=0.5, min_lr=[1e-4, 1e-3]),
    "ReduceLROnPlateau max": lambda s, o: s.ReduceLROnPlateau(o, "max", 0.3, 1, 0.1, "abs", eps=1e-5),
    "SWALR": lambda s, o: swa(s).SWALR(o, 0.01, 20),
    "SWALR linear": lambda s, o: swa(s).SWALR(o, [0.5, 0.01], anneal_epochs=7, anneal_strategy="linear"),
    "SWALR at once": lambda s, o: swa(s).SWALR(o, 0.01, anneal_epochs=0),
}


def swa(schedules: Any) -> Any:
    """The module `swa_utils` of the package that a module of schedules belongs to."""
    package = schedules.__name__.partition(".")[0]
    return __import__(f"{package}.optim.swa_utils", fromlist=["SWALR"])


def two_groups(package: Any, kind: str = "SGD") -> Any:
    """An optimizer with two groups of different learning rates."""
    first, second = package.ones(2, requires_grad=True), package.ones(1, requires_grad=True)
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(package.optim, kind)([{"params": [first]}, {"params": [second], "lr": 0.05}], lr=0.1, **options)


def rates(optimizer: Any) -> list[float]:
    """What schedules set: the learning rate and the momentum of each group."""
    momenta = [group["momentum"] if "momentum" in group else group["betas"][0] for group in optimizer.param_groups]
    return [float(group["lr"]) for group in optimizer.param_groups] + [float(value) for value in momenta]


def advance(schedules: Any, optimizer: Any, steps: range) -> list[list[float]]:
    """Step schedules; what they have set before each step."""
    found = []
    for number in steps:
        found.append(rates(optimizer))
        optimizer.step()
        for schedule in schedules if isinstance(schedules, list) else [schedules]:
            if type(schedule).__name__ == "ReduceLROnPlateau":
                schedule.step(abs(number % 40 - 20) / 10)
            else:
                schedule.step()
    return found
