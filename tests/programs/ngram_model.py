"""N-gram language model and skip-gram with negative samples: embeddings concatenated by view, and bmm of embeddings."""


def main(torch):
    nn, F, optim = torch.nn, torch.nn.functional, torch.optim

    sonnet = """When forty winters shall besiege thy brow,
    And dig deep trenches in thy beauty's field,
    Thy youth's proud livery so gazed on now,
    Will be a totter'd weed of small worth held:""".split()
    trigrams = [([sonnet[i], sonnet[i + 1]], sonnet[i + 2]) for i in range(len(sonnet) - 2)]
    vocab = sorted(set(sonnet))
    word_to_ix = {word: i for i, word in enumerate(vocab)}

    class NGramLanguageModeler(nn.Module):
        def __init__(self, vocab_size, embedding_dim, context_size):
            super().__init__()
            self.embeddings = nn.Embedding(vocab_size, embedding_dim)
            self.linear1 = nn.Linear(context_size * embedding_dim, 32)
            self.linear2 = nn.Linear(32, vocab_size)

        def forward(self, inputs):
            embeds = self.embeddings(inputs).view((1, -1))
            out = F.relu(self.linear1(embeds))
            return F.log_softmax(self.linear2(out), dim=1)

    torch.manual_seed(1)
    model = NGramLanguageModeler(len(vocab), 10, 2)
    initial = model.embeddings.weight[:2].tolist()
    optimizer = optim.SGD(model.parameters(), lr=0.001)
    losses = []
    for _epoch in range(4):
        total_loss = 0
        for context, target in trigrams:
            context_idxs = torch.tensor([word_to_ix[w] for w in context], dtype=torch.long)
            model.zero_grad()
            loss = nn.NLLLoss()(model(context_idxs), torch.tensor([word_to_ix[target]], dtype=torch.long))
            loss.backward()
            optimizer.step()
            total_loss += loss.item()
            losses.append(loss.item())

    class SkipGram(nn.Module):
        def __init__(self, vocab_size, dim):
            super().__init__()
            self.centre = nn.Embedding(vocab_size, dim)
            self.outside = nn.Embedding(vocab_size, dim)
            self.centre.weight.data.uniform_(-0.5 / dim, 0.5 / dim)
            self.outside.weight.data.zero_()

        def forward(self, centre, outside, negative):
            v = self.centre(centre)
            positive = F.logsigmoid((v * self.outside(outside)).sum(dim=1)).squeeze()
            others = torch.bmm(self.outside(negative).neg(), v.unsqueeze(2)).squeeze(2)
            return -(positive + F.logsigmoid(others).sum(dim=1)).mean()

    pairs = torch.tensor([[word_to_ix[sonnet[i]], word_to_ix[sonnet[i + 1]]] for i in range(len(sonnet) - 1)])
    frequency = torch.zeros(len(vocab))
    for word in sonnet:
        frequency[word_to_ix[word]] += 1
    skip_gram = SkipGram(len(vocab), 8)
    optimizer = optim.Adam(skip_gram.parameters(), lr=0.05)
    skip_losses = []
    for step in range(60):
        batch = pairs[step % 4 :: 4]
        negative = torch.multinomial(frequency.pow(0.75), len(batch) * 5, replacement=True).view(len(batch), 5)
        optimizer.zero_grad()
        loss = skip_gram(batch[:, 0], batch[:, 1], negative)
        loss.backward()
        optimizer.step()
        skip_losses.append(loss.item())
    similar = F.cosine_similarity(skip_gram.centre.weight[0], skip_gram.centre.weight, dim=-1)
    return {"weights": initial, "losses": losses, "skip-gram": skip_losses, "similar": similar.tolist()}
