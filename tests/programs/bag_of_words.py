"""Text classification: words to indices, mean of embeddings by mask, log_softmax and NLLLoss, one sentence at a time.
"""


def main(torch):
    nn, F, optim = torch.nn, torch.nn.functional, torch.optim

    data = [
        ("me gusta comer en la cafeteria".split(), "SPANISH"),
        ("give it to me".split(), "ENGLISH"),
        ("no creo que sea una buena idea".split(), "SPANISH"),
        ("no it is not a good idea to get lost at sea".split(), "ENGLISH"),
        ("la casa es muy grande".split(), "SPANISH"),
        ("the house is very big".split(), "ENGLISH"),
    ]
    test_data = [("yo creo que si".split(), "SPANISH"), ("it is lost on me".split(), "ENGLISH")]
    word_to_ix = {"<pad>": 0}
    for sentence, _ in data + test_data:
        for word in sentence:
            if word not in word_to_ix:
                word_to_ix[word] = len(word_to_ix)
    label_to_ix = {"SPANISH": 0, "ENGLISH": 1}

    def make_target(label):
        return torch.LongTensor([label_to_ix[label]])

    def make_sentence(sentence, length=12):
        indices = [word_to_ix[w] for w in sentence]
        return torch.tensor(indices + [0] * (length - len(indices)), dtype=torch.long).unsqueeze(0)

    class BoWClassifier(nn.Module):
        def __init__(self, vocab_size, num_labels):
            super(BoWClassifier, self).__init__()  # noqa: UP008 - as older programs write it
            self.embedding = nn.Embedding(vocab_size, 6, padding_idx=0)
            self.linear = nn.Linear(6, num_labels)

        def forward(self, tokens):
            mask = (tokens != 0).float()
            mean = (self.embedding(tokens) * mask.unsqueeze(2)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            return F.log_softmax(self.linear(mean), dim=1)

    torch.manual_seed(1)
    model = BoWClassifier(len(word_to_ix), len(label_to_ix))
    initial = [p.detach()[:4].tolist() for p in model.parameters()]
    loss_function = nn.NLLLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _epoch in range(17):
        for sentence, label in data:
            model.zero_grad()
            log_probs = model(make_sentence(sentence))
            loss = loss_function(log_probs, make_target(label))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    with torch.no_grad():
        scores = [model(make_sentence(sentence))[0].exp().tolist() for sentence, _ in test_data]
    return {
        "weights": initial,
        "losses": losses[:100],
        "scores": scores,
        "creo": next(model.parameters())[word_to_ix["creo"]].tolist(),
        "padding": model.embedding.weight[0].tolist(),
    }
