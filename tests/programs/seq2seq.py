"""Reversing sequences with an encoder, and a decoder of single steps that attends to it: GRU, LSTMCell, teacher
forcing, greedy decoding.
"""


def main(torch):
    nn, F = torch.nn, torch.nn.functional
    torch.manual_seed(3)
    symbols, start, width = 9, 8, 16

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(symbols, width)
            self.gru = nn.GRU(width, width, batch_first=True)

        def forward(self, x):
            return self.gru(self.embedding(x))

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
            self.score = nn.Linear(width, 1)

        def forward(self, query, keys):
            scores = self.score(torch.tanh(self.query(query).unsqueeze(1) + self.key(keys))).squeeze(2)
            weights = F.softmax(scores, dim=1)
            return torch.bmm(weights.unsqueeze(1), keys).squeeze(1), weights

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(symbols, width)
            self.attention = Attention()
            self.cell = nn.LSTMCell(2 * width, width)
            self.out = nn.Linear(width, symbols)

        def forward(self, states, hidden, target=None, steps=5):
            cell, symbol = torch.zeros_like(hidden), torch.full((len(hidden),), start)
            scores, weights = [], []
            for step in range(steps):
                context, share = self.attention(hidden, states)
                hidden, cell = self.cell(torch.cat([self.embedding(symbol), context], dim=1), (hidden, cell))
                scores.append(self.out(hidden))
                weights.append(share)
                symbol = scores[-1].argmax(1) if target is None else target[:, step]
            return torch.stack(scores, dim=1), torch.stack(weights, dim=1)

    encoder, decoder = Encoder(), Decoder()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    losses = []
    for _ in range(40):
        x = torch.randint(0, start, (16, 5))
        y = x.flip(1)
        states, last = encoder(x)
        scores, _ = decoder(states, last.squeeze(0), y)
        loss = F.nll_loss(F.log_softmax(scores, dim=2).transpose(1, 2), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        states, last = encoder(torch.tensor([[0, 1, 2, 3, 4]]))
        scores, weights = decoder(states, last.squeeze(0))
    return {"losses": losses, "decoded": scores.argmax(2)[0].tolist(), "weights": weights.flatten().tolist()}
