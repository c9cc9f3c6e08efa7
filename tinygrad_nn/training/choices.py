"""Losses and optimizers by name, or as they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from .. import nn, optim
from .._core.errors import near
from ..nn import functional
from ..optim import Optimizer

# What each name stands for. Names are looked up without case and underscores, and with or without "loss" at the end;
# those of the classes do, too.
LOSSES = {
    "cross_entropy": "CrossEntropyLoss",
    "nll": "NLLLoss",
    "bce": "BCELoss",
    "bce_with_logits": "BCEWithLogitsLoss",
    "mse": "MSELoss",
    "mae": "L1Loss",
    "l1": "L1Loss",
    "smooth_l1": "SmoothL1Loss",
    "huber": "HuberLoss",
    "kl_div": "KLDivLoss",
    "poisson_nll": "PoissonNLLLoss",
    "soft_margin": "SoftMarginLoss",
    "multi_margin": "MultiMarginLoss",
    "multilabel_margin": "MultiLabelMarginLoss",
    "multilabel_soft_margin": "MultiLabelSoftMarginLoss",
    "hinge_embedding": "HingeEmbeddingLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mean_squared_error": "MSELoss",
    "mean_absolute_error": "L1Loss",
}
# Keras's, which want probabilities where these want the outputs before the softmax
_KERAS = ("categoricalcrossentropy", "sparsecategoricalcrossentropy")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("loss")


def _there(names: Iterable[str]) -> str:
    return f"There are {', '.join(sorted(names))}"


def make_loss(choice: Any) -> Any:
    """A loss from its name, its class, or a function of `nn.functional`; any other function as it is.

    Raises:
        ValueError: no loss has this name.
        TypeError: it can be no loss.
    """
    if isinstance(choice, str):
        known = {_plain(name): made for name, made in LOSSES.items() if hasattr(nn, made)}
        known |= {_plain(made): made for made in known.values()}
        if _plain(choice) not in known:
            names = [name for name, made in LOSSES.items() if hasattr(nn, made)]
            hint = near(choice.lower(), names)
            if _plain(choice) in _KERAS:
                hint = " It is 'cross_entropy' here, of class numbers, and of outputs without a softmax."
            raise ValueError(f"no loss is called {choice!r}.{hint} {_there(names)}")
        return getattr(nn, known[_plain(choice)])()
    if isinstance(choice, type) and issubclass(choice, nn.Module):
        return choice()
    if isinstance(choice, Optimizer) or not callable(choice):
        raise TypeError(
            f"loss: expected a name such as 'cross_entropy', a loss module, or a function of output and target, got "
            f"{_kind(choice)}. The order is Trainer(model, loss, optimizer)"
        )
    for made in set(LOSSES.values()):
        name = _functional_name(made)
        if name is not None and choice is getattr(functional, name):
            return getattr(nn, made)()
    return choice


def _functional_name(made: str) -> str | None:
    """The name of a loss's function: ``mse_loss`` for ``MSELoss``, ``cross_entropy`` for ``CrossEntropyLoss``."""
    plain = [name for name, other in LOSSES.items() if other == made]
    return next((n for name in plain for n in (name, f"{name}_loss") if hasattr(functional, n)), None)


def _optimizers() -> dict[str, type[Optimizer]]:
    found = ((name, getattr(optim, name)) for name in optim.__all__ if name != "Optimizer")
    return {name.lower(): item for name, item in found if isinstance(item, type) and issubclass(item, Optimizer)}


def optimizer_class(name: str) -> type[Optimizer]:
    """The optimizer of this name.

    Raises:
        ValueError: there is none.
    """
    known = _optimizers()
    if _plain(name) not in known:
        raise ValueError(f"no optimizer is called {name!r}.{near(name.lower(), known)} {_there(known)}")
    return known[_plain(name)]


def make_optimizer(choice: Any, model: nn.Module, lr: float | None) -> Optimizer:
    """An optimizer of a model's parameters, from its name, its class, or a function of parameters.

    Args:
        choice: that, or the optimizer itself.
        model: the model.
        lr: the learning rate; the optimizer's own default if None.

    Raises:
        ValueError: no optimizer has this name, it holds none of the model's parameters, or there are none to be
            trained.
        TypeError: it can be no optimizer.
    """
    options = {} if lr is None else {"lr": lr}
    if isinstance(choice, str):
        choice = optimizer_class(choice)
    if isinstance(choice, Optimizer):
        if lr is not None:
            raise ValueError(
                f"lr={lr}: the optimizer has been made already, with its own learning rate. Give lr to "
                f"{type(choice).__name__}, or give Trainer the optimizer's name"
            )
        return _checked(choice, model)
    if not callable(choice):
        raise TypeError(
            "optimizer: expected a name such as 'adam', an optimizer, or a function from parameters to one, got "
            f"{_kind(choice)}"
        )
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError(
            f"optimizer got an empty parameter list: {type(model).__name__} has no parameters that are trained. Layers "
            "in a plain list are not found; put them into nn.ModuleList"
        )
    made = choice(parameters, **options)
    if not isinstance(made, Optimizer):
        raise TypeError(f"optimizer: the function gave {_kind(made)}, which is no optimizer")
    return made


def _checked(optimizer: Optimizer, model: nn.Module) -> Optimizer:
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    own = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if own and not any(id(parameter) in held for parameter in own):
        raise ValueError(
            f"the optimizer holds none of the model's {len(own)} parameters. Make it of this model: "
            f"{type(optimizer).__name__}(model.parameters(), ...)"
        )
    return optimizer


def _kind(value: Any) -> str:
    if inspect.isclass(value):
        return f"the class {value.__name__}"
    return f"{type(value).__name__} {value!r}" if isinstance(value, int | float) else type(value).__name__


def has_reduction(function: Callable[..., Any]) -> bool:
    """Whether a function of a loss takes ``reduction``, as those of `nn.functional` do."""
    try:
        return "reduction" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
