"""Make up names, with an LSTM that has read a list of them letter by letter.

    python examples/names.py --data DIR
    python examples/names.py --data DIR --start kat --count 20 --temperature 0.7

DIR holds names.txt, one name a line, or --data is another such file. Of each letter the network sees those before it,
and tells how probable each next one is; the dot ends a name. A tenth of the names is held out. Names are then drawn
letter by letter, and counted as new if they are not in the file.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from common import finish, load_text, make_parser, positive, progress, say
from pictures import draw_curves, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn
from tinygrad_nn.utils.data import DataLoader, TensorDataset

END, NOTHING = 0, -100  # the number of the dot; the target where there is none, which cross_entropy leaves out


def encode(names: list[str], letters: list[str]) -> tuple[Any, Any]:
    """What the network sees and what is to come, of shape (names, longest + 1): a dot, letters; letters, a dot."""
    longest = max(map(len, names)) + 1
    seen, wanted = np.full((len(names), longest), END), np.full((len(names), longest), NOTHING)
    numbers = {letter: number for number, letter in enumerate(letters)}
    for row, name in enumerate(names):
        coded = [numbers[letter] for letter in name]
        seen[row, 1 : len(name) + 1] = coded
        wanted[row, : len(name) + 1] = [*coded, END]
    return torch.from_numpy(seen), torch.from_numpy(wanted)


class Net(nn.Module):
    """Letters of shape (N, length) in, scores of the next ones out, of shape (N, length, letters)."""

    def __init__(self, letters: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters, 32)
        self.lstm = nn.LSTM(32, width, batch_first=True)
        self.output = nn.Linear(width, letters)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        hidden, state = self.lstm(self.embedding(x), state)
        return self.output(hidden), state


def loss_of(net: Net, seen: Any, wanted: Any) -> Any:
    """The mean cross entropy of a letter."""
    return nn.functional.cross_entropy(net(seen)[0].flatten(0, 1), wanted.flatten(), ignore_index=NOTHING)


def make_up(net: Net, letters: list[str], start: str, temperature: float, longest: int = 20) -> str:
    """A name that begins with these letters. Below 1, the temperature makes probable letters more probable."""
    name, state, seen = start, None, [END, *(letters.index(letter) for letter in start)]
    with torch.no_grad():
        while len(name) < longest:
            scores, state = net(torch.tensor([seen]), state)
            probabilities = nn.functional.softmax(scores[0, -1] / temperature, dim=0)
            seen = [int(torch.multinomial(probabilities, 1))]
            if seen[0] == END:
                break
            name += letters[seen[0]]
    return name


def draw(curves: dict[str, list[float]], made: list[str]) -> Any:
    """How it learned, and names that it made up."""
    left, right = (figure := new_figure(9, 3.5)).subplots(1, 2)
    draw_curves(left, curves, ylabel="cross entropy of a letter")
    right.set(title="new names")
    right.axis("off")
    for number, name in enumerate(made[:30]):
        right.text(number // 10 / 3, 1 - (number % 10 + 1) / 11, name.capitalize(), fontsize=13)
    return figure


def main() -> None:
    """Train, and make up names."""
    parser = make_parser(__doc__, data="names.txt, or a file of names, one a line")
    parser.add_argument("--epochs", type=positive, default=10)
    parser.add_argument("--batch-size", type=positive, default=64)
    parser.add_argument("--width", type=positive, default=128, help="of the LSTM's state")
    parser.add_argument("--lr", type=float, default=8e-3, help="AdamW's highest rate")
    parser.add_argument("--count", type=positive, default=500, help="names to make up")
    parser.add_argument("--start", default="", help="letters that they begin with")
    parser.add_argument("--temperature", type=float, default=1.0, help="below 1 for usual names, above for odd ones")
    args = parser.parse_args()
    names = [line.strip().lower() for line in load_text(args, "names.txt").splitlines() if line.strip()]
    letters = [".", *sorted(set("".join(names)) - {"."})]
    if unknown := set(args.start) - set(letters[1:]):
        parser.error(f"--start: {sorted(unknown)} are in none of the names")

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    seen, wanted = encode(names, letters)
    held_out, rest = torch.randperm(len(names)).tensor_split([len(names) // 10])
    loader = DataLoader(TensorDataset(seen[rest], wanted[rest]), batch_size=args.batch_size, shuffle=True)
    net = Net(len(letters), args.width)
    optimizer = torch.optim.AdamW(net.parameters())
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=args.epochs * len(loader))

    started, curves = time.perf_counter(), {"training": [], "held out": []}
    for epoch in progress(args.epochs):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_of(net, x, y)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            total += loss.item()
        curves["training"].append(total / len(loader))
        with torch.no_grad():
            curves["held out"].append(loss_of(net, seen[held_out], wanted[held_out]).item())
        say(f"epoch {epoch + 1}: " + ", ".join(f"{name} {part[-1]:.4f}" for name, part in curves.items()))

    made = [make_up(net, letters, args.start, args.temperature) for _ in range(args.count)]
    new = [name for name in dict.fromkeys(made) if name not in set(names)]
    print("new names: " + ", ".join(name.capitalize() for name in new[:30]))
    figures = {"held-out cross entropy": curves["held out"][-1], "new names": len(new) / len(made)}
    finish(args, figures, started, lambda: draw(curves, new))


if __name__ == "__main__":
    main()
