"""Mix-up, label smoothing (built in and by scatter_), class weights and a focal loss."""


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class LabelSmoothingLoss(nn.Module):
        def __init__(self, classes, smoothing=0.1, dim=-1):
            super().__init__()
            self.confidence, self.smoothing, self.cls, self.dim = 1.0 - smoothing, smoothing, classes, dim

        def forward(self, pred, target):
            pred = pred.log_softmax(dim=self.dim)
            with torch.no_grad():
                true_dist = torch.zeros_like(pred)
                true_dist.fill_(self.smoothing / (self.cls - 1))
                true_dist.scatter_(1, target.data.unsqueeze(1), self.confidence)
            return torch.mean(torch.sum(-true_dist * pred, dim=self.dim))

    class FocalLoss(nn.Module):
        def __init__(self, gamma=2.0, weight=None):
            super().__init__()
            self.gamma = gamma
            self.register_buffer("weight", weight)

        def forward(self, input, target):
            ce_loss = F.cross_entropy(input, target, reduction="none", weight=self.weight)
            pt = torch.exp(-ce_loss)
            return ((1 - pt) ** self.gamma * ce_loss).mean()

    def mixup_data(x, y, alpha=1.0):
        lam = max(float(torch.rand(())), 0.5) if alpha > 0 else 1
        index = torch.randperm(x.size(0))
        mixed_x = lam * x + (1 - lam) * x[index, :]
        return mixed_x, y, y[index], lam

    def mixup_criterion(criterion, pred, y_a, y_b, lam):
        return lam * criterion(pred, y_a) + (1 - lam) * criterion(pred, y_b)

    torch.manual_seed(8)
    centres = torch.randn(4, 6) * 2
    y = torch.arange(96) % 4
    x = centres[y] + torch.randn(96, 6)
    model = nn.Sequential(nn.Linear(6, 24), nn.PReLU(), nn.Dropout(p=0.1), nn.Linear(24, 4))
    initial = model[0].weight[:2].tolist()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    weight = 1.0 / torch.tensor([24.0, 20.0, 28.0, 24.0])
    criteria = [
        nn.CrossEntropyLoss(label_smoothing=0.1), LabelSmoothingLoss(4, 0.2), FocalLoss(2.0, weight / weight.sum()),
        nn.CrossEntropyLoss(weight=weight, ignore_index=3), nn.CrossEntropyLoss(),
    ]  # fmt: skip
    losses, accuracies = [], []
    for step in range(100):
        rows = torch.randint(0, 96, (32,))
        inputs, targets_a, targets_b, lam = mixup_data(x[rows], y[rows])
        outputs = model(inputs)
        loss = mixup_criterion(criteria[step % 5], outputs, targets_a, targets_b, lam)
        _, predicted = torch.max(outputs.data, 1)
        correct = (
            lam * predicted.eq(targets_a.data).cpu().sum().float()
            + (1 - lam) * predicted.eq(targets_b.data).cpu().sum().float()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        accuracies.append((100.0 * correct / rows.size(0)).item())
    return {"weights": initial, "losses": losses, "accuracies": accuracies}
