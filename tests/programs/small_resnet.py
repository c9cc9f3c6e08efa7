"""A small residual network on made-up images: convolutions, batch normalisation, pooling; evaluation; a new head."""


def main(torch):
    nn, optim = torch.nn, torch.optim
    functional = nn.functional

    class Block(nn.Module):
        def __init__(self, channels, wider, stride):
            super().__init__()
            self.first = nn.Conv2d(channels, wider, 3, stride=stride, padding=1, bias=False)
            self.norm1 = nn.BatchNorm2d(wider)
            self.second = nn.Conv2d(wider, wider, 3, padding=1, bias=False)
            self.norm2 = nn.BatchNorm2d(wider)
            self.short = nn.Sequential()
            if stride != 1 or channels != wider:
                self.short = nn.Sequential(nn.Conv2d(channels, wider, 1, stride, bias=False), nn.BatchNorm2d(wider))

        def forward(self, x):
            out = functional.relu(self.norm1(self.first(x)))
            return functional.relu(self.norm2(self.second(out)) + self.short(x))

    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        Block(4, 4, 1), Block(4, 8, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(8, 3),
    )  # fmt: skip
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    initial = net[0].weight.flatten()[:8].tolist()

    targets = torch.arange(24) % 3
    images = torch.randn(24, 1, 12, 12) + 2 * torch.sin(torch.arange(12.0) * (1 + targets[:, None, None, None]))
    optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    losses = []
    for _ in range(12):
        for batch in torch.randperm(24).split(8):
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(images[batch]), targets[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        scores = net(images[:4])
    statistics = [*net[1].running_mean.tolist(), *net[1].running_var.tolist(), net[1].num_batches_tracked.item()]

    for parameter in net.parameters():
        parameter.requires_grad = False
    net[-1] = nn.Linear(8, 2)
    head = optim.Adam(net[-1].parameters(), lr=0.01)
    loss = functional.cross_entropy(net(images), targets.clamp(max=1))
    loss.backward()
    head.step()
    return {
        "weights": initial, "losses": losses, "scores": scores.tolist(), "statistics": statistics,
        "transferred": loss.item(), "head": net[-1].weight.flatten().tolist(),
    }  # fmt: skip
