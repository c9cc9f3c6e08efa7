"""Regression on sequences of unlike lengths: own Dataset, own collate_fn, padding and mask, train and val phases."""


def main(torch):
    nn = torch.nn
    pad_sequence = torch.nn.utils.rnn.pad_sequence

    class SequenceDataset(torch.utils.data.Dataset):
        def __init__(self, count, seed):
            generator = torch.Generator().manual_seed(seed)
            self.lengths = torch.randint(2, 9, (count,), generator=generator)
            self.samples = [torch.randn(int(n), 3, generator=generator) for n in self.lengths]

        def __len__(self):
            return len(self.samples)

        def __getitem__(self, index):
            sample = self.samples[index]
            return {"x": sample, "y": sample.sum(dim=1).max(), "index": index}

    def collate(batch):
        lengths = torch.tensor([item["x"].shape[0] for item in batch])
        return {
            "x": pad_sequence([item["x"] for item in batch], batch_first=True, padding_value=-7.0),
            "mask": torch.arange(int(lengths.max()))[None, :] < lengths[:, None],
            "y": torch.stack([item["y"] for item in batch]),
            "index": torch.as_tensor([item["index"] for item in batch]),
        }

    class DeepSets(nn.Module):
        def __init__(self, hidden=24):
            super().__init__()
            self.phi = nn.Sequential(nn.Linear(3, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.ELU())
            self.rho = nn.Linear(2 * hidden, 1)

        def forward(self, x, mask):
            x[~mask] = 0
            features = self.phi(x)
            highest = features.masked_fill(~mask.unsqueeze(-1), float("-inf")).max(dim=1)[0]
            mean = (features * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
            return self.rho(torch.cat([highest, mean], dim=-1)).squeeze(-1)

    torch.manual_seed(1)
    loaders = {
        "train": torch.utils.data.DataLoader(SequenceDataset(90, 5), 16, shuffle=True, collate_fn=collate),
        "val": torch.utils.data.DataLoader(SequenceDataset(30, 6), 16, collate_fn=collate, drop_last=True),
    }
    model = DeepSets()
    initial = model.rho.weight.tolist()
    criterion = nn.SmoothL1Loss(beta=0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = {"train": [], "val": []}
    order = []
    for _epoch in range(8):
        for phase in ["train", "val"]:
            if phase == "train":
                model.train()
            else:
                model.eval()
            for batch in loaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    loss = criterion(model(batch["x"], batch["mask"]), batch["y"])
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                losses[phase].append(loss.item())
                order += batch["index"].tolist()
    return {"weights": initial, "losses": losses["train"], "validation": losses["val"], "order": order[:200]}
