"""Logistic regression on unbalanced classes: BCEWithLogitsLoss with pos_weight, precision and recall by masks."""


def main(torch):
    nn = torch.nn

    class LogisticRegression(nn.Module):
        def __init__(self, n_input_features):
            super().__init__()
            self.linear = nn.Linear(n_input_features, 1)

        def forward(self, x):
            return self.linear(x)

    torch.manual_seed(42)
    X = torch.randn(200, 6)
    true_w = torch.tensor([1.5, -2.0, 0.0, 0.5, 0.0, 1.0])
    y = ((X @ true_w + 0.5 * torch.randn(200)) > 1.8).to(torch.float32).view(-1, 1)
    X[:, 2] = X[:, 2] * 100 + 7
    X = (X - X.mean(dim=0)) / X.std(dim=0)
    model = LogisticRegression(X.shape[1])
    initial = model.state_dict()["linear.weight"].tolist()
    pos_weight = (y == 0).sum() / (y == 1).sum()
    criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, nesterov=True)
    losses = []
    for _epoch in range(100):
        logits = model(X)
        l1 = sum(p.abs().sum() for p in model.parameters())
        loss = criterion(logits, y) + 1e-3 * l1
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    with torch.no_grad():
        predicted = torch.sigmoid(model(X)).round()
        accuracy = predicted.eq(y).sum() / float(y.shape[0])
        true_positive = ((predicted == 1) & (y == 1)).sum().item()
        precision = true_positive / (predicted == 1).sum().item()
        recall = true_positive / int(y.sum())
    return {
        "weights": initial, "losses": losses, "accuracy": accuracy.item(), "precision": precision, "recall": recall,
        "pos_weight": pos_weight.item(), "learnt": model.linear.weight.data.squeeze().tolist(),
    }  # fmt: skip
