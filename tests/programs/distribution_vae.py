"""Variational autoencoder of distributions: `Normal.rsample`, `kl_divergence` with the prior, `Bernoulli.log_prob`."""


def main(torch):
    nn, D = torch.nn, torch.distributions

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(25, 20), nn.Tanh())
            self.mean = nn.Linear(20, 4)
            self.scale = nn.Linear(20, 4)

        def forward(self, x):
            h = self.body(x)
            return D.Independent(D.Normal(self.mean(h), nn.functional.softplus(self.scale(h)) + 1e-4), 1)

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 20), nn.Tanh(), nn.Linear(20, 25))

        def forward(self, z):
            return D.Independent(D.Bernoulli(logits=self.body(z)), 1)

    torch.manual_seed(1)
    images = (torch.rand(96, 25) < 0.15).float()
    images[torch.arange(96), torch.arange(96) % 5] = 1.0
    encoder, decoder = Encoder(), Decoder()
    initial = encoder.mean.weight[:2].tolist()
    prior = D.Independent(D.Normal(torch.zeros(4), torch.ones(4)), 1)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    losses, divergences = [], []
    for step in range(60):
        x = images[torch.arange(16) + 16 * (step % 6)]
        posterior = encoder(x)
        z = posterior.rsample()
        kl = D.kl_divergence(posterior, prior)
        loss = (kl - decoder(z).log_prob(x)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        divergences.append(kl.mean().item())
    with torch.no_grad():
        generated = decoder(prior.sample((3,))).mean
        drawn = decoder(prior.sample((2,))).sample()
    return {
        "weights": initial,
        "losses": losses,
        "divergences": divergences,
        "generated": generated.tolist(),
        "drawn": drawn.tolist(),
    }
