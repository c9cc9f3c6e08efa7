"""Early stopping: random_split, best weights kept by deepcopy of the state_dict, restored, and resumed from a
checkpoint.
"""

import copy


def main(torch):
    nn = torch.nn

    class EarlyStopping:
        def __init__(self, patience=3, min_delta=0.0):
            self.patience, self.min_delta = patience, min_delta
            self.counter, self.best_loss, self.best_state = 0, float("inf"), None

        def __call__(self, val_loss, model):
            if val_loss < self.best_loss - self.min_delta:
                self.best_loss, self.counter = val_loss, 0
                self.best_state = copy.deepcopy(model.state_dict())
            else:
                self.counter += 1
            return self.counter >= self.patience

    torch.manual_seed(21)
    x = torch.unsqueeze(torch.linspace(-1, 1, 100), dim=1)
    y = x.pow(3) + 0.3 * torch.rand(x.size())
    dataset = torch.utils.data.TensorDataset(x, y)
    train_set, val_set = torch.utils.data.random_split(dataset, [0.7, 0.3], generator=torch.Generator().manual_seed(42))
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=10, shuffle=True, drop_last=True)
    val_loader = torch.utils.data.DataLoader(val_set, batch_size=len(val_set))
    model = nn.Sequential()
    model.add_module("hidden", nn.Linear(1, 20))
    model.add_module("activation", nn.ReLU())
    model.add_module("output", nn.Linear(20, 1))
    initial = model.hidden.weight.flatten().tolist()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.5)
    loss_func = nn.MSELoss()
    stopper = EarlyStopping()
    losses, val_losses, checkpoint = [], [], None
    for epoch in range(14):
        model.train()
        for b_x, b_y in train_loader:
            loss = loss_func(model(b_x), b_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            val_losses.append(sum(loss_func(model(vx), vy).item() for vx, vy in val_loader) / len(val_loader))
        if epoch == 2:
            checkpoint = copy.deepcopy(
                {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
            )
        if stopper(val_losses[-1], model):
            break
    model.load_state_dict(stopper.best_state)
    resumed = nn.Sequential(nn.Linear(1, 20), nn.ReLU(), nn.Linear(20, 1))
    names = dict(zip(resumed.state_dict(), checkpoint["model"].values(), strict=True))
    outcome = resumed.load_state_dict(names)
    optimizer = torch.optim.SGD(resumed.parameters(), lr=1.0, momentum=0.9)
    optimizer.load_state_dict(checkpoint["optimizer"])
    again = []
    for _ in range(10):
        loss = loss_func(resumed(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        again.append(loss.item())
    return {
        "weights": initial, "losses": losses[:100], "validation": val_losses, "best": stopper.best_loss,
        "restored": model.output.weight.tolist(), "resumed": again, "epoch": checkpoint["epoch"],
        "missing": len(outcome.missing_keys) + len(outcome.unexpected_keys), "split": train_set.indices[:10],
    }  # fmt: skip
