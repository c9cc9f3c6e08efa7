"""Learning what is alike: bags of words embedded by their mean, losses of pairs, triplets and margins in turn."""


def main(torch):
    nn = torch.nn
    torch.manual_seed(4)
    words, topics = 24, 3
    bags = nn.EmbeddingBag(words, 8, mode="mean")
    network = nn.Sequential(bags, nn.Linear(8, 6))

    def documents(topic, count=8, length=5):
        return torch.randint(0, words // topics, (count, length)) + topic.unsqueeze(1) * (words // topics)

    losses_by_name = {
        "triplet": nn.TripletMarginLoss(margin=0.5, swap=True),
        "with distance": nn.TripletMarginWithDistanceLoss(
            distance_function=lambda x, y: 1.0 - nn.functional.cosine_similarity(x, y), margin=0.5
        ),
        "cosine": nn.CosineEmbeddingLoss(margin=0.1),
        "ranking": nn.MarginRankingLoss(margin=1.0),
        "hinge": nn.HingeEmbeddingLoss(margin=2.0),
        "multi margin": nn.MultiMarginLoss(),
        "soft margin": nn.MultiLabelSoftMarginLoss(),
    }
    head = nn.Linear(6, topics)
    optimizer = torch.optim.SGD([*network.parameters(), *head.parameters()], lr=0.2, momentum=0.9)
    distance = nn.PairwiseDistance()
    found = {"losses": []}
    for step in range(35):
        topic = torch.randint(0, topics, (8,))
        anchor, near = network(documents(topic)), network(documents(topic))
        far = network(documents((topic + 1) % topics))
        name = list(losses_by_name)[step % len(losses_by_name)]
        criterion, ones = losses_by_name[name], torch.ones(8)
        if name in ("triplet", "with distance"):
            loss = criterion(anchor, near, far)
        elif name == "cosine":
            loss = criterion(anchor, near, ones) + criterion(anchor, far, -ones)
        elif name == "ranking":
            loss = criterion(distance(anchor, far), distance(anchor, near), ones)
        elif name == "hinge":
            loss = criterion(distance(anchor, near), ones) + criterion(distance(anchor, far), -ones)
        elif name == "multi margin":
            loss = criterion(head(anchor), topic)
        else:
            loss = criterion(head(anchor), nn.functional.one_hot(topic, topics).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found["losses"].append(loss.item())
    found["table"] = bags.weight.detach().sum(1).tolist()
    return found
