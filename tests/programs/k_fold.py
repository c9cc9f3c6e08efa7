"""Cross-validation: folds by Subset and SubsetRandomSampler, weights reset by apply, a confusion matrix per fold."""


def main(torch):
    nn = torch.nn
    DataLoader, Subset = torch.utils.data.DataLoader, torch.utils.data.Subset

    def reset_weights(m):
        for layer in m.children():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()

    torch.manual_seed(42)
    y = torch.randint(0, 3, (90,))
    x = torch.randn(90, 5) + torch.nn.functional.one_hot(y, 5) * 2.0
    dataset = torch.utils.data.TensorDataset(x, y)
    folds = torch.randperm(len(dataset)).chunk(5)
    network = nn.Sequential(nn.Linear(5, 12), nn.Sigmoid(), nn.Linear(12, 3))
    initial = network[0].weight.tolist()
    losses, accuracies, matrices = [], [], []
    for fold, test_ids in enumerate(folds):
        train_ids = torch.cat([ids for n, ids in enumerate(folds) if n != fold])
        sampler = torch.utils.data.SubsetRandomSampler(train_ids.tolist())
        trainloader = DataLoader(dataset, batch_size=18, sampler=sampler)
        testloader = DataLoader(Subset(dataset, test_ids.tolist()), batch_size=9)
        network.apply(reset_weights)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
        for _epoch in range(5):
            for inputs, targets in trainloader:
                optimizer.zero_grad()
                loss = nn.CrossEntropyLoss()(network(inputs), targets)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        correct, total = 0, 0
        confusion_matrix = torch.zeros(3, 3, dtype=torch.int64)
        with torch.no_grad():
            for inputs, targets in testloader:
                _, predicted = torch.max(network(inputs).data, 1)
                total += targets.size(0)
                correct += (predicted == targets).sum().item()
                for t, p in zip(targets.view(-1), predicted.view(-1), strict=True):
                    confusion_matrix[t.long(), p.long()] += 1
        accuracies.append(100.0 * correct / total)
        matrices.append(confusion_matrix.tolist())
    return {"weights": initial, "losses": losses, "accuracies": accuracies, "matrices": matrices}
