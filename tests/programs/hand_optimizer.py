"""Optimizers written by hand: NumPy-like gradients, in-place updates under no_grad, an Optimizer subclass, weight
averages.
"""

import copy
import math


def main(torch):
    nn = torch.nn

    # gradients by hand, in tensors
    torch.manual_seed(5)
    x = torch.linspace(-math.pi, math.pi, 2000, dtype=torch.float)
    y = torch.sin(x)
    a, b, c, d = (torch.randn((), dtype=torch.float) for _ in range(4))
    initial = [a.item(), b.item(), c.item(), d.item()]
    by_hand = []
    for _t in range(50):
        y_pred = a + b * x + c * x**2 + d * x**3
        by_hand.append((y_pred - y).pow(2).sum().item())
        grad_y_pred = 2.0 * (y_pred - y)
        a -= 1e-6 * grad_y_pred.sum()
        b -= 1e-6 * (grad_y_pred * x).sum()
        c -= 1e-6 * (grad_y_pred * x**2).sum()
        d -= 1e-6 * (grad_y_pred * x**3).sum()

    # nn.Linear on powers of x; parameters updated in a loop
    p = torch.tensor([1, 2, 3])
    xx = x.unsqueeze(-1).pow(p)
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
    loss_fn = torch.nn.MSELoss(reduction="sum")
    losses = []
    for _t in range(100):
        loss = loss_fn(model(xx), y)
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for param in model.parameters():
                param -= 1e-6 * param.grad
        losses.append(loss.item())

    # a subclass of Optimizer
    class Lion(torch.optim.Optimizer):
        def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
            if not lr > 0.0:
                raise ValueError(f"Invalid learning rate: {lr}")
            super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

        @torch.no_grad()
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    state = self.state[p]
                    if len(state) == 0:
                        state["exp_avg"] = torch.zeros_like(p)
                    exp_avg, (beta1, beta2) = state["exp_avg"], group["betas"]
                    update = exp_avg.clone().mul_(beta1).add_(p.grad, alpha=1 - beta1).sign_()
                    p.add_(update, alpha=-group["lr"])
                    exp_avg.mul_(beta2).add_(p.grad, alpha=1 - beta2)
            return loss

    class HandAdam:
        def __init__(self, parameters, lr=0.01):
            self.parameters, self.lr, self.t = list(parameters), lr, 0
            self.m = [torch.zeros_like(p) for p in self.parameters]
            self.v = [torch.zeros_like(p) for p in self.parameters]

        def step(self):
            self.t += 1
            with torch.no_grad():
                for p, m, v in zip(self.parameters, self.m, self.v, strict=True):
                    m.lerp_(p.grad, 0.1)
                    v.mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
                    m_hat, v_hat = m / (1 - 0.9**self.t), v / (1 - 0.999**self.t)
                    p.addcdiv_(m_hat, v_hat.sqrt().add_(1e-8), value=-self.lr)

        def zero_grad(self):
            for p in self.parameters:
                if p.grad is not None:
                    p.grad.detach()
                    p.grad.zero_()

    inputs = torch.randn(64, 4)
    targets = inputs.prod(dim=1, keepdim=True).clamp(-2, 2)
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    average = copy.deepcopy(net)
    for q in average.parameters():
        q.requires_grad_(False)
    optimizer = Lion(net.parameters(), lr=3e-3, weight_decay=0.01)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.l1_loss(net(inputs), targets)
        loss.backward()
        return loss

    lion = []
    for _ in range(50):
        lion.append(optimizer.step(closure).item())
        with torch.no_grad():
            for ema_p, model_p in zip(average.parameters(), net.parameters(), strict=True):
                ema_p.mul_(0.9).add_(model_p.data, alpha=0.1)
    adam = []
    hand = HandAdam(net.parameters())
    for _ in range(50):
        hand.zero_grad()
        loss = nn.functional.huber_loss(net(inputs), targets)
        loss.backward()
        hand.step()
        adam.append(loss.item())
    return {
        "weights": initial, "by hand": by_hand, "losses": losses, "lion": lion, "adam": adam,
        "average": nn.utils.parameters_to_vector(average.parameters())[:20].tolist(),
    }  # fmt: skip
