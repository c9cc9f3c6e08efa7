"""Contrastive learning (InfoNCE): normalised projections of two noisy views, similarities by matmul, cross_entropy."""


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class SimCLR(nn.Module):
        def __init__(self, in_dim, dim):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(in_dim, 32), nn.ReLU(inplace=True))
            self.projection = nn.Sequential(nn.Linear(32, 32, bias=False), nn.ReLU(inplace=True), nn.Linear(32, dim))
            self.logit_scale = nn.Parameter(torch.ones([]) * 2.0)

        def forward(self, x):
            return self.projection(self.encoder(x))

    def info_nce_loss(features, batch_size, temperature=0.5, n_views=2):
        labels = torch.cat([torch.arange(batch_size) for i in range(n_views)], dim=0)
        labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
        features = F.normalize(features, dim=1)
        similarity_matrix = torch.matmul(features, features.T)
        mask = torch.eye(labels.shape[0], dtype=torch.bool)
        labels = labels[~mask].view(labels.shape[0], -1)
        similarity_matrix = similarity_matrix[~mask].view(similarity_matrix.shape[0], -1)
        positives = similarity_matrix[labels.bool()].view(labels.shape[0], -1)
        negatives = similarity_matrix[~labels.bool()].view(similarity_matrix.shape[0], -1)
        logits = torch.cat([positives, negatives], dim=1)
        labels = torch.zeros(logits.shape[0], dtype=torch.long)
        return logits / temperature, labels

    torch.manual_seed(12)
    centres = torch.randn(6, 10)
    model = SimCLR(10, 8)
    initial = model.projection[0].weight[:2].tolist()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3, weight_decay=1e-4)
    losses, top1 = [], []
    for _step in range(50):
        x = centres[torch.randint(6, (12,))]
        views = torch.cat((x + 0.3 * torch.randn_like(x), x + 0.3 * torch.randn_like(x)), dim=0)
        features = model(views)
        logits, labels = info_nce_loss(features, 12)
        image, text = F.normalize(features, p=2.0, dim=-1).chunk(2)
        clip_logits = model.logit_scale.exp() * image @ text.t()  # and the two-sided loss of image-text models
        truth = torch.arange(len(image))
        loss = F.cross_entropy(logits, labels)
        loss = loss + (F.cross_entropy(clip_logits, truth) + F.cross_entropy(clip_logits.t(), truth)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        top1.append((logits.argmax(-1) == labels).float().mean().item() * 100)
    anchor, positive, negative = (F.normalize(model(centres + 0.1 * k), dim=1) for k in range(3))
    triplet = F.relu((anchor - positive).pow(2).sum(1) - (anchor - negative).pow(2).sum(1) + 0.2).mean()
    scale = model.logit_scale.item()
    return {"weights": initial, "losses": losses, "top1": top1, "triplet": triplet.item(), "scale": scale}
