"""Recurrent cells written by hand: a plain RNN that classifies names letter by letter, an LSTM that continues a wave.
"""

import string

NAMES = {
    "english": ["smith", "taylor", "walker", "hughes", "wood", "baker"],
    "italian": ["rossi", "russo", "ferrari", "bianchi", "romano", "greco"],
    "polish": ["nowak", "kowalski", "wojcik", "mazur", "krawczyk", "kaczmarek"],
}


def main(torch):
    nn = torch.nn
    all_letters = string.ascii_lowercase
    categories = list(NAMES)

    def line_to_tensor(line):
        tensor = torch.zeros(len(line), 1, len(all_letters))
        for li, letter in enumerate(line):
            tensor[li][0][all_letters.find(letter)] = 1
        return tensor

    class RNN(nn.Module):
        def __init__(self, input_size, hidden_size, output_size):
            super().__init__()
            self.hidden_size = hidden_size
            self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
            self.h2o = nn.Linear(hidden_size, output_size)
            self.softmax = nn.LogSoftmax(dim=1)

        def forward(self, input, hidden):
            hidden = torch.tanh(self.i2h(torch.cat((input, hidden), 1)))
            return self.softmax(self.h2o(hidden)), hidden

        def init_hidden(self):
            return torch.zeros(1, self.hidden_size)

    torch.manual_seed(3)
    rnn = RNN(len(all_letters), 16, len(categories))
    initial = rnn.h2o.weight.tolist()
    criterion = nn.NLLLoss()
    learning_rate = 0.05
    losses, guesses = [], []
    for step in range(100):
        category = categories[int(torch.randint(0, len(categories), (1,)))]
        line = NAMES[category][step % 6]
        category_tensor = torch.tensor([categories.index(category)], dtype=torch.long)
        hidden = rnn.init_hidden()
        rnn.zero_grad()
        for letter in line_to_tensor(line):
            output, hidden = rnn(letter, hidden)
        loss = criterion(output, category_tensor)
        loss.backward()
        for p in rnn.parameters():
            p.data.add_(p.grad.data, alpha=-learning_rate)
        losses.append(loss.item())
        guesses.append(output.max(1)[1][0].item())

    class LSTM(nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
            self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
            self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
            self.out = nn.Linear(hidden_size, 1)
            self.hidden_size = hidden_size
            for weight in (self.weight_ih, self.weight_hh):
                nn.init.xavier_uniform_(weight)
            with torch.no_grad():
                self.bias[hidden_size : 2 * hidden_size].fill_(1.0)

        def forward(self, x, state=None):
            if state is None:
                state = (x.new_zeros(x.size(0), self.hidden_size), x.new_zeros(x.size(0), self.hidden_size))
            h, c = state
            outputs = []
            for x_t in x.unbind(1):
                gates = x_t @ self.weight_ih.t() + h @ self.weight_hh.t() + self.bias
                i, f, g, o = gates.chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                outputs.append(self.out(h))
            return torch.stack(outputs, dim=1).squeeze(-1), (h.detach(), c.detach())

    time = torch.linspace(0, 12, 80)
    waves = torch.stack([torch.sin(time + 0.4 * k) for k in range(6)])
    model = LSTM(1, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    wave_losses = []
    for _epoch in range(10):
        state = None
        for start in range(0, 60, 20):  # truncated back-propagation through time
            output, state = model(waves[:, start : start + 20, None], state)
            loss = ((output - waves[:, start + 1 : start + 21]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            wave_losses.append(loss.item())
    return {"weights": initial, "losses": losses, "guesses": guesses, "wave losses": wave_losses}
