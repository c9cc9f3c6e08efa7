"""A physics-informed network: u'' + u = 0 and a heat equation, by second derivatives with respect to the inputs."""

import math


def main(torch):
    nn = torch.nn

    class FCN(nn.Module):
        def __init__(self, n_input, n_output, n_hidden, n_layers):
            super().__init__()
            activation = nn.Tanh
            self.fcs = nn.Sequential(nn.Linear(n_input, n_hidden), activation())
            self.fch = nn.Sequential(
                *[nn.Sequential(nn.Linear(n_hidden, n_hidden), activation()) for _ in range(n_layers - 1)]
            )
            self.fce = nn.Linear(n_hidden, n_output)

        def forward(self, x):
            return self.fce(self.fch(self.fcs(x)))

    torch.manual_seed(123)
    oscillator = FCN(1, 1, 16, 3)
    initial = oscillator.fcs[0].weight.flatten().tolist()
    t_boundary = torch.tensor(0.0).view(-1, 1).requires_grad_(True)
    t_physics = torch.linspace(0, 1, 30).view(-1, 1).requires_grad_(True)
    optimizer = torch.optim.Adam(oscillator.parameters(), lr=1e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        u = oscillator(t_boundary)
        loss1 = (torch.squeeze(u) - 1) ** 2
        dudt = torch.autograd.grad(u, t_boundary, torch.ones_like(u), create_graph=True)[0]
        loss2 = (torch.squeeze(dudt) - 0) ** 2
        u = oscillator(t_physics)
        dudt = torch.autograd.grad(u, t_physics, torch.ones_like(u), create_graph=True)[0]
        d2udt2 = torch.autograd.grad(dudt, t_physics, torch.ones_like(dudt), create_graph=True)[0]
        loss3 = torch.mean((d2udt2 + 0.5 * dudt + u) ** 2)
        loss = loss1 + 1e-1 * loss2 + 1e-2 * loss3
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    heat = FCN(2, 1, 12, 2)
    diffusivity = nn.Parameter(torch.tensor([0.3]))
    optimizer = torch.optim.Adam(list(heat.parameters()) + [diffusivity], lr=5e-3)
    heat_losses, found = [], []
    for _ in range(40):
        points = torch.rand(24, 2, requires_grad=True)
        u = heat(points)
        first = torch.autograd.grad(u.sum(), points, create_graph=True)[0]
        u_x, u_t = first[:, 0:1], first[:, 1:2]
        u_xx = torch.autograd.grad(u_x.sum(), points, create_graph=True)[0][:, 0:1]
        start = torch.cat([torch.linspace(0, 1, 11).unsqueeze(1), torch.zeros(11, 1)], dim=1)
        residual = (u_t - diffusivity * u_xx).pow(2).mean()
        loss = residual + (heat(start) - torch.sin(math.pi * start[:, :1])).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        heat_losses.append(loss.item())
        found.append(diffusivity.item())
    return {"weights": initial, "losses": losses, "heat losses": heat_losses, "diffusivity": found}
