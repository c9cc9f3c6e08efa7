"""Sorting sequences with ``nn.Transformer``: positions in a buffer, masks for padding and for the future, dropout,
label smoothing, and a schedule of the learning rate by hand.
"""

import math


def main(torch):
    nn = torch.nn
    torch.manual_seed(5)
    symbols, pad, begin, width = 10, 0, 9, 16

    class Positions(nn.Module):
        def __init__(self, longest=12):
            super().__init__()
            place = torch.arange(longest).unsqueeze(1)
            rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
            table = torch.zeros(longest, width)
            table[:, 0::2] = torch.sin(place * rate)
            table[:, 1::2] = torch.cos(place * rate)
            self.register_buffer("table", table)
            self.dropout = nn.Dropout(0.1)

        def forward(self, x):
            return self.dropout(x + self.table[: x.size(1)])

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.positions = nn.Embedding(symbols, width, padding_idx=pad), Positions()
            self.transformer = nn.Transformer(
                d_model=width, nhead=4, num_encoder_layers=1, num_decoder_layers=2, dim_feedforward=32, dropout=0.1,
                batch_first=True,
            )  # fmt: skip
            self.head = nn.Linear(width, symbols)

        def forward(self, source, target):
            hidden = self.transformer(
                self.positions(self.embedding(source) * math.sqrt(width)),
                self.positions(self.embedding(target) * math.sqrt(width)),
                tgt_mask=self.transformer.generate_square_subsequent_mask(target.size(1)),
                src_key_padding_mask=torch.zeros(source.shape).masked_fill(source == pad, float("-inf")),
                memory_key_padding_mask=source == pad,
            )
            return self.head(hidden)

    model = Model()
    first = model.transformer.decoder.layers[1].multihead_attn.in_proj_weight.flatten()[:4].tolist()
    criterion = nn.CrossEntropyLoss(ignore_index=pad, label_smoothing=0.1)
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-6)
    losses = []
    for step in range(1, 33):
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * min(step**-0.5, step * 16**-1.5)
        source = torch.randint(1, begin, (12, 6))
        source[::3, 4:] = pad
        target = torch.cat([torch.full((12, 1), begin), source.sort(dim=1, descending=True).values], dim=1)
        scores = model(source, target[:, :-1])
        loss = criterion(scores.reshape(-1, symbols), target[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    source, target = torch.tensor([[3, 1, 7, 2]]), torch.tensor([[begin]])
    for _ in range(4):
        target = torch.cat([target, model(source, target)[:, -1:].argmax(2)], dim=1)
    return {"weights": first, "losses": losses, "decoded": target.flatten().tolist()}
