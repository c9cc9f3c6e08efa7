"""Denoising diffusion of points in the plane: schedules by cumprod, sinusoidal time embedding, an averaged model,
sampling.
"""

import copy
import math


def main(torch):
    nn, F = torch.nn, torch.nn.functional
    timesteps = 50

    class SinusoidalPositionEmbeddings(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.dim = dim

        def forward(self, time):
            device = time.device
            half_dim = self.dim // 2
            embeddings = math.log(10000) / (half_dim - 1)
            embeddings = torch.exp(torch.arange(half_dim, device=device) * -embeddings)
            embeddings = time[:, None] * embeddings[None, :]
            return torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)

    class Denoiser(nn.Module):
        def __init__(self, dim=16, hidden=32):
            super().__init__()
            self.time_mlp = nn.Sequential(SinusoidalPositionEmbeddings(dim), nn.Linear(dim, hidden), nn.GELU())
            self.inp, self.mid, self.out = nn.Linear(2, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 2)

        def forward(self, x, t):
            h = F.silu(self.inp(x) + self.time_mlp(t))
            return self.out(F.silu(self.mid(h)) + h)

    torch.manual_seed(0)
    betas = torch.linspace(0.0001, 0.05, timesteps)
    alphas = 1.0 - betas
    alphas_cumprod = torch.cumprod(alphas, dim=0)
    alphas_cumprod_prev = torch.cat([torch.ones(1), alphas_cumprod[:-1]])
    posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)

    def extract(a, t, x_shape):
        return a.gather(-1, t.cpu()).reshape(t.shape[0], *((1,) * (len(x_shape) - 1))).to(t.device)

    def q_sample(x_start, t, noise):
        return (
            extract(alphas_cumprod.sqrt(), t, x_start.shape) * x_start
            + extract((1.0 - alphas_cumprod).sqrt(), t, x_start.shape) * noise
        )

    model = Denoiser()
    ema = copy.deepcopy(model).eval().requires_grad_(False)
    initial = model.inp.weight[:4].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _step in range(100):
        angle = torch.rand(32) * 2 * math.pi
        batch = torch.stack((angle.cos(), angle.sin()), dim=-1)
        t = torch.randint(0, timesteps, (batch.shape[0],)).long()
        noise = torch.randn_like(batch)
        loss = F.smooth_l1_loss(noise, model(q_sample(batch, t, noise), t))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for e, p in zip(ema.parameters(), model.parameters(), strict=True):
                e.lerp_(p, 0.05)
        losses.append(loss.item())

    @torch.no_grad()
    def p_sample(x, t, t_index):
        scale = extract(betas / (1.0 - alphas_cumprod).sqrt(), t, x.shape)
        mean = extract((1.0 / alphas).sqrt(), t, x.shape) * (x - scale * ema(x, t))
        if t_index == 0:
            return mean
        return mean + torch.sqrt(extract(posterior_variance, t, x.shape)) * torch.randn_like(x)

    points = torch.randn(4, 2)
    for i in reversed(range(timesteps)):
        points = p_sample(points, torch.full((4,), i, dtype=torch.long), i)
    return {"weights": initial, "losses": losses, "points": points.tolist(), "variance": posterior_variance.tolist()}
