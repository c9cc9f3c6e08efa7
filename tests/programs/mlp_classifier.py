"""The usual digit classifier: Module subclass, Dropout, shuffled DataLoader, SGD with momentum, accuracy under
no_grad.
"""


def main(torch):
    nn, F = torch.nn, torch.nn.functional
    DataLoader, TensorDataset = torch.utils.data.DataLoader, torch.utils.data.TensorDataset

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(20, 32)
            self.fc2 = nn.Linear(32, 3)
            self.dropout = nn.Dropout(0.2)

        def forward(self, x):
            x = x.view(x.size(0), -1)
            x = self.dropout(F.relu(self.fc1(x)))
            return self.fc2(x)

    def train(model, device, train_loader, optimizer):
        model.train()
        for data, target in train_loader:
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(data), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    @torch.no_grad()
    def test(model, device, test_loader):
        model.eval()
        test_loss, correct = 0, 0
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.cross_entropy(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
        return test_loss / len(test_loader.dataset), correct / len(test_loader.dataset)

    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    centres = torch.randn(3, 5, 4)
    labels = torch.randint(0, 3, (400,))
    images = centres[labels] + 1.5 * torch.randn(400, 5, 4)
    train_loader = DataLoader(TensorDataset(images[:320], labels[:320]), batch_size=16, shuffle=True)
    test_loader = DataLoader(TensorDataset(images[320:], labels[320:]), batch_size=64)

    model = Net().to(device)
    initial = [p.detach().cpu().flatten()[:12].tolist() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    losses, tests = [], []
    for _epoch in range(1, 6):
        train(model, device, train_loader, optimizer)
        tests.append(test(model, device, test_loader))
    return {
        "weights": initial,
        "losses": losses,
        "tests": tests,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }
