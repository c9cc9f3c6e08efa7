"""Three models as programs write them, for PyTorch and this package: a ResNet-like CNN, an LSTM tagger, a small GPT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def resnet(torch: Any) -> Any:
    """Residual blocks of convolutions and batch normalisation, as in He et al., 2015."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Sequential()
            if stride != 1 or inputs != outputs:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
                )

        def forward(self, x: Any) -> Any:
            out = functional.relu(self.bn1(self.conv1(x)))
            return functional.relu(self.bn2(self.conv2(out)) + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(
                nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2)
            )
            self.layer1 = nn.Sequential(Block(8, 8), Block(8, 8))
            self.layer2 = nn.Sequential(Block(8, 16, 2), Block(16, 16))
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(16, 5)

        def forward(self, x: Any) -> Any:
            x = self.layer2(self.layer1(self.stem(x)))
            return self.fc(torch.flatten(self.pool(x), 1))

    return ResNet()


def tagger(torch: Any) -> Any:
    """A label for each word, by a bidirectional LSTM over embeddings."""
    nn = torch.nn

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(30, 8, padding_idx=0)
            self.lstm = nn.LSTM(8, 6, num_layers=2, batch_first=True, bidirectional=True, dropout=0.3)
            self.dropout = nn.Dropout(0.5)
            self.labels = nn.Linear(12, 4)

        def forward(self, words: Any) -> Any:
            hidden, _ = self.lstm(self.embedding(words))
            return self.labels(self.dropout(hidden))

    return Tagger()


def gpt(torch: Any) -> Any:
    """A decoder-only transformer, with the weights of the embedding and the output shared."""
    nn, functional = torch.nn, torch.nn.functional

    class Attention(nn.Module):
        def __init__(self, size: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.qkv = nn.Linear(size, 3 * size)
            self.proj = nn.Linear(size, size)

        def forward(self, x: Any) -> Any:
            batch, length, size = x.shape
            q, k, v = self.qkv(x).split(size, dim=2)
            q, k, v = (
                part.view(batch, length, self.heads, size // self.heads).transpose(1, 2) for part in (q, k, v)
            )
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.proj(y.transpose(1, 2).contiguous().view(batch, length, size))

    class Block(nn.Module):
        def __init__(self, size: int, heads: int) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(size), nn.LayerNorm(size)
            self.attn = Attention(size, heads)
            self.mlp = nn.Sequential(
                nn.Linear(size, 4 * size), nn.GELU(approximate="tanh"), nn.Linear(4 * size, size), nn.Dropout(0.1)
            )

        def forward(self, x: Any) -> Any:
            x = x + self.attn(self.ln_1(x))
            return x + self.mlp(self.ln_2(x))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wte, self.wpe = nn.Embedding(20, 16), nn.Embedding(12, 16)
            self.blocks = nn.ModuleList([Block(16, 4) for _ in range(2)])
            self.ln_f = nn.LayerNorm(16)
            self.lm_head = nn.Linear(16, 20, bias=False)
            self.lm_head.weight = self.wte.weight
            self.register_buffer("mask", torch.ones(12, 12).tril(), persistent=False)

        def forward(self, words: Any) -> Any:
            x = self.wte(words) + self.wpe(torch.arange(words.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.lm_head(self.ln_f(x))

    return GPT()


MODELS: dict[str, Callable[[Any], Any]] = {"resnet": resnet, "tagger": tagger, "gpt": gpt}


def data(torch: Any, name: str) -> Any:
    """What a model is called with."""
    if name == "resnet":
        return ((torch.arange(2 * 3 * 16 * 16) * 0.7).sin()).reshape(2, 3, 16, 16)
    high, shape = (30, (3, 7)) if name == "tagger" else (20, (2, 10))
    return ((torch.arange(shape[0] * shape[1]) * 7 + 3) % high).reshape(shape)


def trained(torch: Any, name: str) -> Any:
    """A model after a few steps, so that running statistics, too, are not those of the beginning."""
    torch.manual_seed(3)
    model = MODELS[name](torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        model(data(torch, name)).square().mean().backward()
        optimizer.step()
    return model.eval()
