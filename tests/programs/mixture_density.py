"""A mixture density network: the negative log-likelihood of Gaussians by logsumexp, and samples from the mixture."""

import math


def main(torch):
    nn = torch.nn

    class MDN(nn.Module):
        def __init__(self, n_hidden, n_gaussians):
            super().__init__()
            self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
            self.z_pi = nn.Linear(n_hidden, n_gaussians)
            self.z_mu = nn.Linear(n_hidden, n_gaussians)
            self.z_sigma = nn.Linear(n_hidden, n_gaussians)

        def forward(self, x):
            z_h = self.z_h(x)
            return nn.functional.log_softmax(self.z_pi(z_h), -1), self.z_mu(z_h), torch.exp(self.z_sigma(z_h))

    def mdn_loss(log_pi, mu, sigma, target):
        log_normal = -0.5 * ((target.expand_as(mu) - mu) / sigma) ** 2 - sigma.log() - 0.5 * math.log(2 * math.pi)
        return -torch.logsumexp(log_pi + log_normal, dim=1).mean()

    torch.manual_seed(10)
    y = torch.empty(150, 1).uniform_(-8, 8)
    x = (torch.sin(0.75 * y) * 7.0 + y * 0.5 + torch.normal(0.0, 1.0, size=(150, 1))) / 10
    model = MDN(20, 5)
    initial = model.z_mu.weight[:2].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _epoch in range(100):
        log_pi, mu, sigma = model(x)
        loss = mdn_loss(log_pi, mu, sigma, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.requires_grad_(False)
    log_pi, mu, sigma = model(torch.linspace(-1, 1, 12).unsqueeze(1))
    k = torch.multinomial(log_pi.exp(), 1)
    samples = mu.gather(1, k) + sigma.gather(1, k) * torch.randn(12, 1)
    mean = (log_pi.exp() * mu).sum(-1)
    found = {"components": k.tolist(), "samples": samples.tolist(), "mean": mean.tolist()}
    return {"weights": initial, "losses": losses, **found}
