"""Adversarial examples: gradients with respect to the input, sign, clamp; then training on projected gradient descent.
"""


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    def fgsm_attack(image, epsilon, data_grad):
        sign_data_grad = data_grad.sign()
        return torch.clamp(image + epsilon * sign_data_grad, 0, 1)

    def pgd_attack(model, images, labels, eps=0.1, alpha=0.03, iters=3):
        ori_images = images.data
        images = images + torch.empty_like(images).uniform_(-eps, eps)
        for _ in range(iters):
            images = images.detach().requires_grad_()
            cost = F.cross_entropy(model(images), labels)
            model.zero_grad()
            cost.backward()
            adv_images = images + alpha * images.grad.sign()
            eta = torch.clamp(adv_images - ori_images, min=-eps, max=eps)
            images = torch.clamp(ori_images + eta, min=0, max=1).detach()
        return images

    torch.manual_seed(14)
    y = torch.randint(0, 2, (80,))
    x = (torch.rand(80, 12) * 0.6 + 0.4 * y.unsqueeze(1) * torch.rand(12)).clamp(0, 1)
    model = nn.Sequential(nn.Linear(12, 24), nn.Softplus(beta=5), nn.Linear(24, 2), nn.LogSoftmax(dim=1))
    initial = model[0].weight[:2].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(40):
        adversarial = pgd_attack(model, x, y)
        optimizer.zero_grad()
        loss = F.nll_loss(model(adversarial), y) + F.nll_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    accuracies = []
    for epsilon in [0, 0.05, 0.1, 0.15, 0.2]:
        correct = 0
        for data, target in zip(x.split(1), y.split(1), strict=True):
            data = data.clone().detach()
            data.requires_grad = True
            output = model(data)
            init_pred = output.max(1, keepdim=True)[1]
            if init_pred.item() != target.item():
                continue
            loss = F.nll_loss(output, target)
            model.zero_grad()
            loss.backward()
            output = model(fgsm_attack(data, epsilon, data.grad.data))
            if output.max(1, keepdim=True)[1].item() == target.item():
                correct += 1
        accuracies.append(correct / float(len(x)))
    smooth = x[:4].clone().requires_grad_()
    (saliency,) = torch.autograd.grad(model(smooth)[:, 1].sum(), smooth)
    return {"weights": initial, "losses": losses, "accuracies": accuracies, "saliency": saliency.abs().tolist()}
