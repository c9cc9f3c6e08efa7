"""Recommendations by matrix factorisation: embeddings of users and items with biases, one rating at a time and
batched.
"""


def main(torch):
    nn = torch.nn

    class BiasedMatrixFactorization(nn.Module):
        def __init__(self, n_users, n_items, n_factors=5):
            super().__init__()
            self.user_factors = nn.Embedding(n_users, n_factors)
            self.item_factors = nn.Embedding(n_items, n_factors)
            self.user_biases = nn.Embedding(n_users, 1)
            self.item_biases = nn.Embedding(n_items, 1)
            self.mean = nn.Parameter(torch.FloatTensor([0.0]), requires_grad=False)
            for table in (self.user_factors, self.item_factors):
                table.weight.data.normal_(0, 0.1)
            for table in (self.user_biases, self.item_biases):
                table.weight.data.fill_(0.0)

        def forward(self, user, item):
            pred = self.user_biases(user) + self.item_biases(item)
            pred += (self.user_factors(user) * self.item_factors(item)).sum(dim=1, keepdim=True)
            return pred.squeeze() + self.mean

    torch.manual_seed(9)
    users, items = torch.randint(0, 12, (300,)), torch.randint(0, 15, (300,))
    taste, kind = torch.randn(12, 2), torch.randn(15, 2)
    ratings = ((taste[users] * kind[items]).sum(1) + 3).clamp(1, 5).round()
    model = BiasedMatrixFactorization(12, 15)
    model.mean.data = ratings.mean().view(1)
    initial = model.user_factors.weight[:3].tolist()
    trainable = filter(lambda p: p.requires_grad, model.parameters())
    optimizer = torch.optim.Adam(trainable, lr=0.02, weight_decay=1e-4)
    loss_func = torch.nn.MSELoss()
    losses = []
    for step in range(100):
        batch = slice(step % 6 * 50, step % 6 * 50 + 50)
        optimizer.zero_grad()
        loss = loss_func(model(users[batch], items[batch]), ratings[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        everything = model.user_factors.weight @ model.item_factors.weight.T
        everything += model.user_biases.weight + model.item_biases.weight.T + model.mean
        best = everything.argmax(dim=1)
        error = (model(users, items) - ratings).abs().mean()
    mean = model.mean.item()
    return {"weights": initial, "losses": losses, "best": best.tolist(), "error": error.item(), "mean": mean}
