"""Own autograd functions: a Legendre polynomial fitted to a sine, and a binary layer with a straight-through gradient.
"""

import math


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class LegendrePolynomial3(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input):
            ctx.save_for_backward(input)
            return 0.5 * (5 * input**3 - 3 * input)

        @staticmethod
        def backward(ctx, grad_output):
            (input,) = ctx.saved_tensors
            return grad_output * 1.5 * (5 * input**2 - 1)

    dtype, device = torch.float, torch.device("cpu")
    x = torch.linspace(-math.pi, math.pi, 2000, device=device, dtype=dtype)
    y = torch.sin(x)
    a = torch.full((), 0.0, device=device, dtype=dtype, requires_grad=True)
    b = torch.full((), -1.0, device=device, dtype=dtype, requires_grad=True)
    c = torch.full((), 0.0, device=device, dtype=dtype, requires_grad=True)
    d = torch.full((), 0.3, device=device, dtype=dtype, requires_grad=True)
    learning_rate = 5e-6
    losses = []
    for _t in range(100):
        P3 = LegendrePolynomial3.apply
        y_pred = a + b * P3(c + d * x)
        loss = (y_pred - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            a -= learning_rate * a.grad
            b -= learning_rate * b.grad
            c -= learning_rate * c.grad
            d -= learning_rate * d.grad
            a.grad = None
            b.grad = None
            c.grad = None
            d.grad = None
        losses.append(loss.item())

    class BinarizeSTE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input):
            ctx.save_for_backward(input)
            return (input > 0).float() * 2 - 1

        @staticmethod
        def backward(ctx, grad_output):
            input = ctx.saved_tensors[0]
            grad_input = grad_output.clone()
            grad_input[input.abs() > 1] = 0
            return grad_input

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factor):
            ctx.factor = factor
            return input.view_as(input)

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output.neg() * ctx.factor, None

    class BinaryLinear(nn.Linear):
        def forward(self, input):
            return F.linear(input, BinarizeSTE.apply(self.weight), self.bias)

    torch.manual_seed(7)
    net = nn.Sequential(BinaryLinear(6, 16), nn.Hardtanh(), nn.Linear(16, 2))
    initial = net[0].weight[:2].tolist()
    adversary = nn.Linear(16, 2)
    inputs = torch.randn(64, 6)
    targets = (inputs[:, 0] * inputs[:, 1] > 0).long()
    domains = (inputs[:, 5] > 0).long()
    optimizer = torch.optim.Adam([*net.parameters(), *adversary.parameters()], lr=0.01)
    binary_losses = []
    for _ in range(40):
        features = net[:2](inputs)
        hard = features.sign()
        features = features + (hard - features).detach()  # the straight-through trick, written as an expression
        loss = F.cross_entropy(net[2](features), targets)
        loss = loss + F.cross_entropy(adversary(Scale.apply(features, 0.3)), domains)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        binary_losses.append(loss.item())
    return {
        "losses": losses, "fit": [a.item(), b.item(), c.item(), d.item()], "weights": initial,
        "binary losses": binary_losses,
    }  # fmt: skip
