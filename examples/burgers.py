"""Solve Burgers' equation with a network that knows the equation, but not the solution.

    python examples/burgers.py
    python examples/burgers.py --viscosity 0.1 --rounds 10
    python examples/burgers.py --viscosity 0.01 --rounds 60 --points 3000

The equation is that of a wave which steepens into a shock, and which friction keeps from breaking:

    u_t + u u_x = v / pi u_xx,     u(0, x) = -sin(pi x),     u(t, -1) = u(t, 1) = 0

A network u(t, x) is trained on nothing but the squares of what is left over on both sides, at random points. That takes
its second derivative, and training takes the derivative of that by each weight. Adam comes first, then L-BFGS. The
error is measured against the exact solution, by the transformation of Cole and Hopf, on a grid that training never saw.

Source: Raissi, Perdikaris, Karniadakis (2019), https://doi.org/10.1016/j.jcp.2018.10.045
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from common import finish, make_parser, positive, progress, say
from pictures import draw_curves, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn

TIMES, PLACES = np.linspace(0, 1, 51)[1:], np.linspace(-1, 1, 201)  # of the grid on which the error is measured


def exact(t: np.ndarray, x: np.ndarray, viscosity: float) -> np.ndarray:
    """The solution: a quotient of two integrals against a Gaussian, each a sum over 100 points."""
    points, weights = np.polynomial.hermite.hermgauss(100)
    y = math.pi * (x[..., None] - np.sqrt(4 * viscosity * t[..., None]) * points)
    density = weights * np.exp(-(1 + np.cos(y)) / (2 * math.pi * viscosity))
    return -(np.sin(y) * density).sum(axis=-1) / density.sum(axis=-1)


class Net(nn.Module):
    """u(t, x), a smooth function: its second derivative is needed."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.Tanh())
        for _ in range(depth - 1):
            self.layers.append(nn.Linear(width, width)).append(nn.Tanh())
        self.layers.append(nn.Linear(width, 1))

    def forward(self, t: Any, x: Any) -> Any:
        return self.layers(torch.stack([t, x], dim=1)).squeeze(1)  # (N,), (N,) -> (N, 2) -> (N, 1) -> (N,)


def make_loss(net: Net, points: int, viscosity: float) -> Any:
    """The sum of four mean squares: of the equation, of the beginning, and of both borders."""
    t, x = torch.rand(points, requires_grad=True), torch.empty(points).uniform_(-1, 1).requires_grad_()
    start, border = torch.empty(points // 8 + 1).uniform_(-1, 1), torch.rand(points // 16 + 1)
    zeros, ones = torch.zeros(len(start)), torch.ones(len(border))

    def loss() -> Any:
        u = net(t, x)
        u_t, u_x = torch.autograd.grad(u.sum(), (t, x), create_graph=True)
        (u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
        equation = u_t + u * u_x - viscosity * u_xx
        beginning = net(zeros, start) + torch.sin(math.pi * start)
        return sum(part.square().mean() for part in (equation, beginning, net(border, ones), net(border, -ones)))

    return loss


def solution(net: Net) -> np.ndarray:
    """The network on the grid, of shape (times, places)."""
    t, x = np.meshgrid(TIMES, PLACES, indexing="ij")
    with torch.no_grad():
        u = net(*(torch.from_numpy(values.ravel().astype(np.float32)) for values in (t, x)))
    return u.numpy().reshape(t.shape)


def error(found: np.ndarray, wanted: np.ndarray) -> float:
    """The root of the mean square of the difference, relative to that of the solution."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def draw(found: np.ndarray, wanted: np.ndarray, errors: list[float]) -> Any:
    """The wave in time and space, at three times beside the exact one, and how the error fell."""
    wave, profiles, curve = (figure := new_figure(12, 3.5)).subplots(1, 3)
    image = wave.imshow(found.T, origin="lower", extent=(0, 1, -1, 1), aspect="auto", cmap="RdBu_r")
    wave.set(xlabel="t", ylabel="x", title="u(t, x)")
    figure.colorbar(image)
    for row in (12, 24, 49):
        profiles.plot(PLACES, found[row], label=f"t = {TIMES[row]:.2f}")
        profiles.plot(PLACES, wanted[row], ":", color="black")
    profiles.set(xlabel="x", title="dotted: exact")
    profiles.legend(frameon=False)
    draw_curves(curve, {"error": errors}, xlabel="measurements", ylabel="relative error", yscale="log")
    return figure


def main() -> None:
    """Train with Adam, then with L-BFGS, and measure the error on the way."""
    parser = make_parser(__doc__)
    parser.add_argument("--viscosity", type=float, default=0.05, help="v, pi times the factor of the friction")
    parser.add_argument("--width", type=positive, default=20, help="units in a layer")
    parser.add_argument("--depth", type=positive, default=3, help="hidden layers")
    parser.add_argument("--points", type=positive, default=1500, help="where the equation is to hold")
    parser.add_argument("--steps", type=positive, default=1000, help="of Adam")
    parser.add_argument("--lr", type=float, default=2e-3, help="Adam's rate at first; it falls to 0")
    parser.add_argument("--rounds", type=positive, default=20, help="of L-BFGS, each of 100 iterations")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    net, viscosity = Net(args.width, args.depth), args.viscosity / math.pi
    loss = make_loss(net, args.points, viscosity)
    wanted = exact(*np.meshgrid(TIMES, PLACES, indexing="ij"), viscosity)
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=args.steps)
    lbfgs = torch.optim.LBFGS(
        net.parameters(), max_iter=100, history_size=50, line_search_fn="strong_wolfe", tolerance_grad=1e-9,
        tolerance_change=1e-12,
    )  # fmt: skip

    def closure() -> Any:
        lbfgs.zero_grad()
        value = loss()
        value.backward()
        return value

    started, errors, every = time.perf_counter(), [], max(1, args.steps // 10)
    for step in progress(args.steps + args.rounds, "step"):
        if step < args.steps:
            optimizer.zero_grad()
            value = loss()
            value.backward()
            optimizer.step()
            scheduler.step()
        else:
            value = lbfgs.step(closure)
        if (step + 1) % every == 0 or step >= args.steps:
            errors.append(error(found := solution(net), wanted))
            say(f"{'Adam' if step < args.steps else 'L-BFGS'}: loss {value.item():.2e}, error {errors[-1]:.2e}")

    figures = {"relative error": error(found, wanted), "largest error": float(abs(found - wanted).max())}
    finish(args, figures, started, lambda: draw(found, wanted, errors))


if __name__ == "__main__":
    main()
