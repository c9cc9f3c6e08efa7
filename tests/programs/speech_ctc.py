"""Made-up speech: a bidirectional GRU on frames, CTC with targets of unlike lengths, the likeliest path decoded."""


def main(torch):
    nn = torch.nn
    torch.manual_seed(2)
    letters, blank, frames = 5, 0, 18
    targets = [torch.randint(1, letters, (int(n),)) for n in torch.randint(2, 5, (12,))]
    sounds = torch.randn(letters, 6)
    recordings = []
    for target in targets:
        heard = sounds[target].repeat_interleave(frames // len(target), dim=0)
        recordings.append(torch.cat([heard, sounds[:1].repeat(frames - len(heard), 1)]) + 0.3 * torch.randn(frames, 6))
    input_lengths = torch.tensor([frames - frames % len(target) for target in targets])
    target_lengths = torch.tensor([len(target) for target in targets])
    speech = torch.stack(recordings, dim=1)

    network, head = nn.GRU(6, 8, bidirectional=True), nn.Linear(16, letters)
    criterion = nn.CTCLoss(blank=blank, zero_infinity=True)
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=0.05)
    losses = []
    for _ in range(60):
        log_probs = head(network(speech)[0]).log_softmax(2)
        loss = criterion(log_probs, torch.cat(targets), input_lengths, target_lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    path = log_probs.argmax(2)[:, 0]
    before = torch.cat([path.new_full((1,), -1), path[:-1]])
    kept = [int(a) for a, b in zip(path, before, strict=True) if a != b and a != blank]
    each = nn.functional.ctc_loss(log_probs, torch.cat(targets), input_lengths, target_lengths, reduction="none")
    return {"losses": losses, "decoded": kept, "each": each.tolist()}
