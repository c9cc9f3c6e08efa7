"""What a large model's training loop does: weight decay groups, warm-up and cosine by hand, accumulation, clipping."""

import math


def main(torch):
    nn = torch.nn
    max_iters, warmup_iters, learning_rate, min_lr, accumulation = 50, 5, 1e-2, 1e-3, 4

    def get_lr(it):
        if it < warmup_iters:
            return learning_rate * (it + 1) / (warmup_iters + 1)
        decay_ratio = (it - warmup_iters) / (max_iters - warmup_iters)
        return min_lr + 0.5 * (1.0 + math.cos(math.pi * decay_ratio)) * (learning_rate - min_lr)

    torch.manual_seed(11)
    model = nn.Sequential(nn.Linear(10, 32), nn.SiLU(), nn.Linear(32, 32), nn.Mish(), nn.Linear(32, 4))
    param_dict = {pn: p for pn, p in model.named_parameters() if p.requires_grad}
    decay_params = [p for n, p in param_dict.items() if p.dim() >= 2]
    nodecay_params = [p for n, p in param_dict.items() if p.dim() < 2]
    optim_groups = [
        {"params": decay_params, "weight_decay": 0.1},
        {"params": nodecay_params, "weight_decay": 0.0, "lr": 1e-3},
    ]
    optimizer = torch.optim.AdamW(optim_groups, lr=learning_rate, betas=(0.9, 0.95))
    initial = model[0].weight[:2].tolist()
    X, teacher = torch.randn(256, 10), nn.Linear(10, 4)
    with torch.no_grad():
        Y = (teacher(X) * 3).softmax(-1)
    losses, norms, rates = [], [], []
    for iteration in range(max_iters):
        lr = get_lr(iteration)
        optimizer.param_groups[0]["lr"] = lr
        total = 0.0
        for micro_step in range(accumulation):
            rows = torch.randperm(256)[:16] if micro_step % 2 else torch.randint(256, (16,))
            loss = nn.CrossEntropyLoss()(model(X[rows]), Y[rows]) / accumulation
            total += loss.item()
            loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(total)
        norms.append(norm.item())
        rates.append(optimizer.param_groups[0]["lr"])
    state = optimizer.state_dict()
    return {
        "weights": initial, "losses": losses, "norms": norms, "rates": rates,
        "groups": [group["params"] for group in state["param_groups"]],
        "steps": [float(entry["step"]) for entry in state["state"].values()],
        "second moments": state["state"][5]["exp_avg_sq"].tolist(),
        "counts": [sum(p.numel() for p in decay_params), sum(p.numel() for p in nodecay_params)],
    }  # fmt: skip
