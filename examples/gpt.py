"""Write like Shakespeare, with a small GPT that reads characters.

    python examples/gpt.py --data DIR
    python examples/gpt.py --data DIR --steps 200 --start "ROMEO:" --length 300

A transformer that looks only back: of each character it sees those before it, and tells how probable each next one is.
Three blocks of causal attention and a two-layer network, each behind a layer norm and beside a path that goes straight
on, as in GPT-2. DIR holds tinyshakespeare.txt, or --data names another text. Its last tenth is held out. Text is then
drawn character by character.

Source: Radford et al. (2019), https://github.com/openai/gpt-2
"""

from __future__ import annotations

import textwrap
import time
from typing import Any

import numpy as np
from common import finish, load_text, make_parser, positive, progress, say
from pictures import draw_curves, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn


class Block(nn.Module):
    """Attention, then a network of two layers; both add to what passes by."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def attention(self, x: Any) -> Any:
        batch, length, width = x.shape
        heads = batch, length, self.heads, width // self.heads
        parts = self.queries_keys_values(x).split(width, dim=2)
        query, key, value = (part.view(heads).transpose(1, 2) for part in parts)  # (batch, heads, length, size)
        seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.projection(seen.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norm1(x))
        return x + self.feed_forward(self.norm2(x))


class GPT(nn.Module):
    """Characters of shape (batch, length) in; scores of the next ones out, of shape (batch, length, characters)."""

    def __init__(self, characters: int, length: int, width: int, heads: int, blocks: int) -> None:
        super().__init__()
        self.length = length
        self.characters, self.places = nn.Embedding(characters, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, characters)
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Embedding):
                nn.init.normal_(layer.weight, std=0.02)

    def forward(self, x: Any) -> Any:
        x = self.characters(x) + self.places(torch.arange(x.shape[1]))  # (batch, length, width)
        return self.output(self.norm(self.blocks(x)))

    def write(self, start: Any, count: int) -> Any:
        """Go on from some characters, drawing one after the other."""
        text = start
        with torch.no_grad():
            for _ in range(count):
                scores = self(text[None, -self.length :])[0, -1]
                drawn = torch.multinomial(nn.functional.softmax(scores, dim=0), 1)
                text = torch.cat([text, drawn])
        return text


def loss_of(model: GPT, text: Any, batch_size: int) -> Any:
    """The mean cross entropy of a character, in blocks from anywhere in the text."""
    starts = torch.randint(len(text) - model.length, (batch_size, 1))
    blocks = text[starts + torch.arange(model.length + 1)]  # (batch, length + 1)
    scores = model(blocks[:, :-1])
    return nn.functional.cross_entropy(scores.flatten(0, 1), blocks[:, 1:].flatten())


def draw(curves: dict[str, list[float]], every: int, text: str) -> Any:
    """How it learned, and what it wrote."""
    left, right = (figure := new_figure(10, 4)).subplots(1, 2)
    draw_curves(left, curves, every, xlabel="step", ylabel="cross entropy of a character")
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, 50) or [""]]
    right.text(0, 1, "\n".join(lines[:20]), va="top", family="monospace", fontsize=8, parse_math=False)
    right.set(title="what it wrote")
    right.axis("off")
    return figure


def main() -> None:
    """Train, and write."""
    parser = make_parser(__doc__, data="tinyshakespeare.txt, or a text file")
    parser.add_argument("--steps", type=positive, default=2000)
    parser.add_argument("--batch-size", type=positive, default=16)
    parser.add_argument("--context", type=positive, default=64, help="characters that it sees")
    parser.add_argument("--width", type=positive, default=96)
    parser.add_argument("--heads", type=positive, default=4, help="of an attention")
    parser.add_argument("--blocks", type=positive, default=3)
    parser.add_argument("--lr", type=float, default=3e-3, help="AdamW's highest rate")
    parser.add_argument("--start", default="\n", help="text to go on from")
    parser.add_argument("--length", type=positive, default=500, help="characters to write")
    args = parser.parse_args()
    text = load_text(args, "tinyshakespeare.txt")
    alphabet = sorted(set(text))
    if unknown := set(args.start) - set(alphabet):
        parser.error(f"--start: {sorted(unknown)} are not in the text")
    if args.width % args.heads:
        parser.error(f"--width: expected a multiple of --heads, {args.heads}, got {args.width}")
    if len(text) // 10 <= args.context:
        parser.error(f"--data: a tenth of it is held out, and has to be longer than --context, {args.context}")

    numbers = {character: number for number, character in enumerate(alphabet)}
    data = torch.from_numpy(np.array([numbers[character] for character in text]))
    train, held_out = data[: -(len(data) // 10)], data[-(len(data) // 10) :]
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    model = GPT(len(alphabet), args.context, args.width, args.heads, args.blocks)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=args.steps)

    started, every, total = time.perf_counter(), max(1, args.steps // 20), 0.0
    curves = {"training": [], "held out": []}
    for step in progress(args.steps, "step"):
        optimizer.zero_grad()
        loss = loss_of(model, train, args.batch_size)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        total += loss.item()
        if (step + 1) % every == 0:
            with torch.no_grad():
                curves["held out"].append(loss_of(model, held_out, 128).item())
            curves["training"].append(total / every)
            total = 0.0
            say(f"step {step + 1}: " + ", ".join(f"{name} {part[-1]:.4f}" for name, part in curves.items()))

    with torch.no_grad():
        final = loss_of(model, held_out, 1000).item()
    start = torch.tensor([numbers[character] for character in args.start])
    written = "".join(alphabet[number] for number in model.write(start, args.length).tolist())
    print(written)
    finish(args, {"held-out cross entropy": final}, started, lambda: draw(curves, every, written))


if __name__ == "__main__":
    main()
