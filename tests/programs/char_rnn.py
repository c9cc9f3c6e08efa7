"""Text by characters: an RNN, a GRU and an LSTM whose state is carried from piece to piece, and sampling from them."""


def main(torch):
    nn, F = torch.nn, torch.nn.functional
    text = "she sells sea shells by the sea shore; " * 8
    characters = sorted(set(text))
    data = torch.tensor([characters.index(c) for c in text])
    pieces = data[: 6 * 48].view(6, -1)  # six columns of text side by side
    found = {"losses": []}

    class Model(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.embedding = nn.Embedding(len(characters), 8)
            self.network = getattr(nn, kind)(8, 16, num_layers=2 if kind == "GRU" else 1)
            self.head = nn.Linear(16, len(characters))

        def forward(self, x, state=None):
            output, state = self.network(self.embedding(x), state)
            return self.head(output), state

    def detached(state):
        return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()

    for kind in ("RNN", "GRU", "LSTM"):
        torch.manual_seed(0)
        model = Model(kind)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        for _ in range(3):
            state = None
            for start in range(0, 40, 8):
                x, y = pieces[:, start : start + 8].t(), pieces[:, start + 1 : start + 9].t()
                scores, state = model(x, state)
                state = detached(state)
                loss = F.cross_entropy(scores.reshape(-1, len(characters)), y.reshape(-1))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                found["losses"].append(loss.item())
        torch.manual_seed(7)
        model.eval()
        with torch.no_grad():
            index, state, sample = torch.tensor([[0]]), None, []
            for _ in range(20):
                scores, state = model(index, state)
                index = torch.multinomial(F.softmax(scores[-1] / 0.8, dim=-1), 1)
                sample.append(int(index))
        found[kind] = sample
    return found
