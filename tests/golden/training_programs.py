"""Small programs that PyTorch and this package both run: the first argument is the package."""

from typing import Any

# name -> a tensor with initial values
INITIALISERS: dict[str, Any] = {
    "Linear.weight": lambda t: t.nn.Linear(5, 7).weight,
    "Linear.bias": lambda t: t.nn.Linear(5, 7).bias,
    "Linear float64": lambda t: t.nn.Linear(5, 7, dtype=t.float64).bias,
    "Bilinear": lambda t: t.nn.Bilinear(3, 2, 4).bias,
    "Embedding": lambda t: t.nn.Embedding(6, 3, padding_idx=2).weight,
    "Sequential": lambda t: t.nn.Sequential(t.nn.Linear(4, 3), t.nn.ReLU(), t.nn.Linear(3, 2))[2].weight,
    "uniform_": lambda t: t.nn.init.uniform_(t.empty(3, 7), -2, 3),
    "normal_": lambda t: t.nn.init.normal_(t.empty(3, 7), 1, 2),
    "normal_ few": lambda t: t.nn.init.normal_(t.empty(3, 3), 1, 2),
    "trunc_normal_": lambda t: t.nn.init.trunc_normal_(t.empty(5, 7), 0.5, 1, -0.5, 1),
    "trunc_normal_ tail": lambda t: t.nn.init.trunc_normal_(t.empty(5, 7), 0, 1, 1.5, 2),
    "constant_": lambda t: t.nn.init.constant_(t.empty(2), 0.5),
    "ones_": lambda t: t.nn.init.ones_(t.empty(2)),
    "zeros_": lambda t: t.nn.init.zeros_(t.empty(2)),
    "eye_": lambda t: t.nn.init.eye_(t.empty(2, 3)),
    "dirac_": lambda t: t.nn.init.dirac_(t.empty(4, 3, 3), 2),
    "dirac_ 2d": lambda t: t.nn.init.dirac_(t.empty(3, 2, 3, 2)),
    "xavier_uniform_": lambda t: t.nn.init.xavier_uniform_(t.empty(3, 7), gain=2),
    "xavier_normal_": lambda t: t.nn.init.xavier_normal_(t.empty(3, 2, 4)),
    "kaiming_uniform_": lambda t: t.nn.init.kaiming_uniform_(t.empty(3, 7), mode="fan_out", nonlinearity="tanh"),
    "kaiming_normal_": lambda t: t.nn.init.kaiming_normal_(t.empty(3, 2, 4), a=0.2),
    "orthogonal_ wide": lambda t: t.nn.init.orthogonal_(t.empty(3, 5), gain=2),
    "orthogonal_ tall": lambda t: t.nn.init.orthogonal_(t.empty(5, 1, 3)),
    "sparse_": lambda t: t.nn.init.sparse_(t.empty(7, 4), 0.3),
}

OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda t, p: t.optim.SGD(p, lr=0.1),
    "SGD momentum": lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "SGD nesterov": lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True),
    "SGD dampening": lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.8, dampening=0.3),
    "Adam": lambda t, p: t.optim.Adam(p, lr=0.01),
    "Adam amsgrad": lambda t, p: t.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), weight_decay=1e-2, amsgrad=True),
    "AdamW": lambda t, p: t.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}


def initial_values(t: Any, name: str) -> Any:
    """Initial values under a seed."""
    t.manual_seed(7)
    return INITIALISERS[name](t).tolist()


def losses(t: Any, name: str, steps: int = 100) -> list[float]:
    """The losses of a small network that learns to tell which of three sums of its inputs is the largest."""
    t.manual_seed(3)
    x = t.randn(64, 8)
    y = (x @ t.randn(8, 3)).argmax(dim=1)
    net = t.nn.Sequential(t.nn.Linear(8, 16), t.nn.ReLU(), t.nn.Linear(16, 16), t.nn.Tanh(), t.nn.Linear(16, 3))
    optimizer = OPTIMIZERS[name](t, net.parameters())
    criterion = t.nn.CrossEntropyLoss()
    found = []
    for step in range(steps):
        batch = slice(step % 4 * 16, step % 4 * 16 + 16)
        optimizer.zero_grad()
        loss = criterion(net(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found
