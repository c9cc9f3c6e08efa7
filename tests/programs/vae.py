"""Variational autoencoder: reparametrisation with randn_like, binary cross-entropy and Kullback-Leibler divergence."""


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(25, 20)
            self.fc21 = nn.Linear(20, 4)
            self.fc22 = nn.Linear(20, 4)
            self.fc3 = nn.Linear(4, 20)
            self.fc4 = nn.Linear(20, 25)

        def encode(self, x):
            h1 = F.relu(self.fc1(x))
            return self.fc21(h1), self.fc22(h1)

        def reparameterize(self, mu, logvar):
            std = torch.exp(0.5 * logvar)
            eps = torch.randn_like(std)
            return mu + eps * std

        def decode(self, z):
            return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

        def forward(self, x):
            mu, logvar = self.encode(x.view(-1, 25))
            return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def loss_function(recon_x, x, mu, logvar):
        BCE = F.binary_cross_entropy(recon_x, x.view(-1, 25), reduction="sum")
        KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return BCE + KLD

    torch.manual_seed(1)
    images = (torch.rand(128, 1, 5, 5) < 0.15).float()
    images[torch.arange(128), 0, torch.arange(128) % 5] = 1.0
    images[::3, :, :, 2] = 1.0
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images), batch_size=16, shuffle=True)
    model = VAE()
    initial = model.fc21.weight.tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses, averages = [], []
    for _epoch in range(1, 13):
        model.train()
        train_loss = 0
        for _batch_idx, (data,) in enumerate(loader):
            optimizer.zero_grad()
            recon_batch, mu, logvar = model(data)
            loss = loss_function(recon_batch, data, mu, logvar)
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
            losses.append(loss.item() / len(data))
        averages.append(train_loss / len(loader.dataset))
    with torch.no_grad():
        sample = model.decode(torch.randn(3, 4)).view(3, 1, 5, 5)
    return {"weights": initial, "losses": losses, "averages": averages, "sample": sample.tolist()}
