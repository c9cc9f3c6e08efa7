"""Character models of names: bigram counts, then an MLP trained by hand; both are sampled with a Generator."""

NAMES = """emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily elizabeth mila ella avery
sofia camila aria scarlett victoria madison luna grace chloe penelope layla riley zoey nora lily eleanor""".split()


def main(torch):
    F = torch.nn.functional
    chars = sorted(set("".join(NAMES)))
    stoi = {s: i + 1 for i, s in enumerate(chars)}
    stoi["."] = 0
    itos = {i: s for s, i in stoi.items()}
    size = len(stoi)

    # counts
    N = torch.zeros((size, size), dtype=torch.int32)
    for w in NAMES:
        chs = ["."] + list(w) + ["."]
        for ch1, ch2 in zip(chs, chs[1:], strict=False):
            N[stoi[ch1], stoi[ch2]] += 1
    P = (N + 1).float()
    P /= P.sum(1, keepdims=True)
    g = torch.Generator().manual_seed(2147483647)
    sampled = []
    for _ in range(5):
        ix = 0
        while True:
            ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
            sampled.append(ix)
            if ix == 0:
                break

    # the bigram model as a network of one layer
    xs, ys = [], []
    for w in NAMES:
        chs = ["."] + list(w) + ["."]
        for ch1, ch2 in zip(chs, chs[1:], strict=False):
            xs.append(stoi[ch1])
            ys.append(stoi[ch2])
    xs, ys = torch.tensor(xs), torch.tensor(ys)
    num = xs.nelement()
    W = torch.randn((size, size), generator=g, requires_grad=True)
    bigram_losses = []
    for _ in range(20):
        xenc = F.one_hot(xs, num_classes=size).float()
        logits = xenc @ W
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdims=True)
        loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
        W.grad = None
        loss.backward()
        W.data += -50 * W.grad
        bigram_losses.append(loss.item())

    # MLP
    block_size = 3
    X, Y = [], []
    for w in NAMES:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    X, Y = torch.tensor(X), torch.tensor(Y)
    g = torch.Generator().manual_seed(2147483647)
    C = torch.randn((size, 10), generator=g)
    W1 = torch.randn((30, 50), generator=g) * (5 / 3) / (30**0.5)
    b1 = torch.randn(50, generator=g) * 0.01
    W2 = torch.randn((50, size), generator=g) * 0.01
    b2 = torch.randn(size, generator=g) * 0
    parameters = [C, W1, b1, W2, b2]
    for p in parameters:
        p.requires_grad = True
    initial = C[:2].tolist()
    lossi = []
    for i in range(100):
        ix = torch.randint(0, X.shape[0], (32,), generator=g)
        emb = C[X[ix]]
        h = torch.tanh(emb.view(-1, 30) @ W1 + b1)
        logits = h @ W2 + b2
        loss = F.cross_entropy(logits, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        lr = 0.1 if i < 80 else 0.01
        for p in parameters:
            p.data += -lr * p.grad
        lossi.append(loss.item())

    g = torch.Generator().manual_seed(2147483647 + 10)
    words = []
    for _ in range(5):
        out, context = [], [0] * block_size
        while True:
            emb = C[torch.tensor([context])]
            h = torch.tanh(emb.view(1, -1) @ W1 + b1)
            probs = F.softmax(h @ W2 + b2, dim=1)
            ix = torch.multinomial(probs, num_samples=1, generator=g).item()
            context = context[1:] + [ix]
            out.append(ix)
            if ix == 0 or len(out) == 20:
                break
        words.append(out)
    return {
        "weights": initial,
        "losses": lossi,
        "log10": torch.tensor(lossi).view(-1, 10).mean(1).log10().tolist(),
        "bigram losses": bigram_losses,
        "counts": N.tolist(),
        "sampled": sampled,
        "words": words,
        "lengths": [len("".join(itos[i] for i in word)) for word in words],
        "parameters": sum(p.nelement() for p in parameters),
        "saturated": (h.abs() > 0.99).float().mean().item(),
    }
