"""RealNVP: coupling layers with a log-determinant, trained by likelihood, inverted for sampling; then a neural ODE."""

import math


def main(torch):
    nn = torch.nn

    class Coupling(nn.Module):
        def __init__(self, mask):
            super().__init__()
            self.s = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 2), nn.Tanh())
            self.t = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 2))
            self.register_buffer("mask", mask)

        def inverse(self, x):
            x_ = x * self.mask
            s, t = self.s(x_) * (1 - self.mask), self.t(x_) * (1 - self.mask)
            return x_ + (1 - self.mask) * ((x - t) * torch.exp(-s)), -s.sum(dim=1)

        def forward(self, z):
            z_ = z * self.mask
            s, t = self.s(z_) * (1 - self.mask), self.t(z_) * (1 - self.mask)
            return z_ + (1 - self.mask) * (z * torch.exp(s) + t)

    class RealNVP(nn.Module):
        def __init__(self, masks):
            super().__init__()
            self.couplings = nn.ModuleList([Coupling(mask) for mask in masks])

        def log_prob(self, x):
            log_det = x.new_zeros(x.shape[0])
            for coupling in reversed(self.couplings):
                x, ldj = coupling.inverse(x)
                log_det += ldj
            return -0.5 * x.pow(2).sum(-1) - math.log(2 * math.pi) + log_det

        @torch.no_grad()
        def sample(self, count):
            z = torch.randn(count, 2)
            for coupling in self.couplings:
                z = coupling(z)
            return z

    torch.manual_seed(15)
    side = torch.randint(0, 2, (100,)).float() * 2 - 1
    moons = torch.stack([side + 0.3 * torch.randn(100), side.square() - 0.5 * side + 0.2 * torch.randn(100)], 1)
    flow = RealNVP(torch.tensor([[0, 1], [1, 0]] * 2, dtype=torch.float32))
    initial = flow.couplings[0].s[0].weight[:4].tolist()
    optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = -flow.log_prob(moons).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    class ODEFunc(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
            for m in self.net.modules():
                if isinstance(m, nn.Linear):
                    nn.init.normal_(m.weight, mean=0, std=0.1)
                    nn.init.constant_(m.bias, val=0)

        def forward(self, t, y):
            return self.net(y**3)

    def rk4(func, y, times):
        path = [y]
        for t0, t1 in zip(times[:-1], times[1:], strict=True):
            h = t1 - t0
            k1 = func(t0, y)
            k2 = func(t0 + h / 2, y + h * k1 / 2)
            k3 = func(t0 + h / 2, y + h * k2 / 2)
            k4 = func(t1, y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            path.append(y)
        return torch.stack(path)

    true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
    times = torch.linspace(0.0, 2.0, 9)
    with torch.no_grad():
        true_y = rk4(lambda t, y: torch.mm(y**3, true_A), torch.tensor([[2.0, 0.0]]), times)
    func = ODEFunc()
    optimizer = torch.optim.Adam(func.parameters(), lr=1e-2)
    ode_losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.mean(torch.abs(rk4(func, true_y[0], times) - true_y))
        loss.backward()
        optimizer.step()
        ode_losses.append(loss.item())
    return {"weights": initial, "losses": losses, "samples": flow.sample(5).tolist(), "ode losses": ode_losses}
