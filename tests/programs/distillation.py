"""Knowledge distillation with kl_div, frozen layers, a replaced head, forward hooks, and layers in ModuleList and
ModuleDict.
"""


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class Student(nn.Module):
        def __init__(self, activation="relu"):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(8, 10), nn.Linear(10, 10)])
            self.activations = nn.ModuleDict({"relu": nn.ReLU(), "gelu": nn.GELU(approximate="tanh")})
            self.head = nn.Linear(10, 3)
            self.activation = activation
            self.register_buffer("calls", torch.tensor(0))

        def forward(self, x):
            self.calls += 1
            for layer in self.layers:
                x = self.activations[self.activation](layer(x))
            return self.head(x)

    def loss_fn_kd(outputs, labels, teacher_outputs, alpha=0.7, T=4.0):
        targets = F.softmax(teacher_outputs / T, dim=1)
        soft = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(outputs / T, dim=1), targets)
        return soft * (alpha * T * T) + F.cross_entropy(outputs, labels) * (1.0 - alpha)

    torch.manual_seed(13)
    x = torch.randn(120, 8)
    y = x[:, :3].argmax(1)
    teacher = nn.Sequential(nn.Linear(8, 40), nn.ReLU(), nn.Linear(40, 3))
    initial = teacher[0].weight[:2].tolist()
    optimizer = torch.optim.Adam(teacher.parameters(), lr=0.01)
    teacher_losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = F.cross_entropy(teacher(x), y)
        loss.backward()
        optimizer.step()
        teacher_losses.append(loss.item())

    # transfer: only the new head learns
    for param in teacher.parameters():
        param.requires_grad = False
    teacher.eval()
    student = Student("gelu")
    activation = {}
    handle = student.layers[1].register_forward_hook(
        lambda module, args, output: activation.setdefault("hidden", []).append(output.detach().mean().item())
    )
    optimizer = torch.optim.SGD(student.parameters(), lr=0.03, momentum=0.9)
    losses = []
    for step in range(60):
        rows = torch.arange(step % 4, 120, 4)
        with torch.no_grad():
            teacher_outputs = teacher(x[rows])
        loss = loss_fn_kd(student(x[rows]), y[rows], teacher_outputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    handle.remove()

    student.head = nn.Linear(student.head.in_features, 2)
    for name, param in student.named_parameters():
        param.requires_grad_(name.startswith("head"))
    optimizer = torch.optim.Adam([p for p in student.parameters() if p.requires_grad], lr=0.05)
    head_losses = []
    for _ in range(20):
        loss = F.cross_entropy(student(x), (x[:, 4] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        head_losses.append(loss.item())
    return {
        "weights": initial, "teacher losses": teacher_losses, "losses": losses, "head losses": head_losses,
        "hidden": activation["hidden"], "calls": student.calls.item(),
        "frozen": sum(p.numel() for p in student.parameters() if not p.requires_grad),
        "without gradient": sum(p.grad is None for p in student.parameters()),
    }  # fmt: skip
