"""A fully connected autoencoder trained with MSELoss and Adam; its codes and reconstruction are looked at afterwards.
"""


def main(torch):
    nn = torch.nn

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                nn.Flatten(), nn.Linear(36, 24), nn.ReLU(True), nn.Linear(24, 12), nn.ReLU(True), nn.Linear(12, 3)
            )
            self.decoder = nn.Sequential(
                nn.Linear(3, 12), nn.LeakyReLU(0.1), nn.Linear(12, 24), nn.ReLU(True), nn.Linear(24, 36), nn.Sigmoid(),
                nn.Unflatten(1, (1, 6, 6)),
            )  # fmt: skip

        def forward(self, x):
            return self.decoder(self.encoder(x))

    torch.manual_seed(2)
    rows = torch.linspace(0, 1, 6).view(1, 6, 1)
    columns = torch.linspace(0, 1, 6).view(1, 1, 6)
    phase, slope = torch.rand(128, 1, 1) * 3, torch.rand(128, 1, 1) * 4
    images = (torch.sin(phase + slope * rows + 2 * columns) * 0.5 + 0.5).unsqueeze(1)
    loader = torch.utils.data.DataLoader(images, batch_size=32, shuffle=True)
    model = Autoencoder()
    initial = model.encoder[1].weight[:2, :6].tolist()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
    losses = []
    for _epoch in range(25):
        for image in loader:
            output = model(image)
            loss = criterion(output, image)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.data.item())
    model.eval()
    with torch.no_grad():
        codes = model.encoder(images[:4])
        error = ((model.decoder(codes) - images[:4]) ** 2).flatten(1).mean(dim=1)
    return {"weights": initial, "losses": losses, "codes": codes.numpy().tolist(), "errors": error.tolist()}
