"""Tagging words: embeddings, a bidirectional LSTM on packed sequences of unlike lengths, cross entropy that ignores the
padding.
"""


def main(torch):
    nn, F = torch.nn, torch.nn.functional
    rnn = nn.utils.rnn
    torch.manual_seed(1)
    words, tags, ignored = 30, 4, -1
    lengths = torch.randint(2, 9, (24,))
    sentences = [torch.randint(1, words, (int(n),)) for n in lengths]
    labels = [(s + torch.cat([s[1:], s[:1]])) % tags for s in sentences]  # of a word and the one after it

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(words, 12, padding_idx=0)
            self.lstm = nn.LSTM(12, 10, num_layers=2, batch_first=True, dropout=0.2, bidirectional=True)
            self.hidden2tag = nn.Linear(20, tags)

        def forward(self, padded, lengths):
            packed = rnn.pack_padded_sequence(self.embedding(padded), lengths, batch_first=True, enforce_sorted=False)
            output, (hidden, _) = self.lstm(packed)
            output, found = rnn.pad_packed_sequence(output, batch_first=True)
            assert found.tolist() == lengths.tolist()
            return self.hidden2tag(output), hidden

    model = Tagger()
    first = model.lstm.weight_hh_l1_reverse.flatten()[:4].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(12):
        for start in range(0, 24, 8):
            batch = slice(start, start + 8)
            padded = rnn.pad_sequence(sentences[batch], batch_first=True)
            target = rnn.pad_sequence(labels[batch], batch_first=True, padding_value=ignored)
            scores, _ = model(padded, lengths[batch])
            loss = F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=ignored)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        scores, hidden = model(rnn.pad_sequence(sentences, batch_first=True), lengths)
        right = [(s[: len(y)].argmax(1) == y).sum().item() for s, y in zip(scores, labels, strict=True)]
    return {"weights": first, "losses": losses, "hidden": hidden.mean(2).flatten().tolist(), "right": right}
