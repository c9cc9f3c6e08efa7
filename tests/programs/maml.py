"""Model-agnostic meta-learning on sine waves: the inner step is differentiated through (create_graph)."""

import math


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class Learner(nn.Module):
        def __init__(self):
            super().__init__()
            self.vars = nn.ParameterList()
            for out_features, in_features in ((24, 1), (24, 24), (1, 24)):
                w = nn.Parameter(torch.ones(out_features, in_features))
                torch.nn.init.kaiming_normal_(w)
                self.vars.append(w)
                self.vars.append(nn.Parameter(torch.zeros(out_features)))

        def forward(self, x, vars=None):
            if vars is None:
                vars = self.vars
            for i in range(0, len(vars), 2):
                x = F.linear(x, vars[i], vars[i + 1])
                if i + 2 < len(vars):
                    x = F.relu(x)
            return x

    def sample_task():
        amplitude, phase = torch.empty(1).uniform_(0.1, 2.0), torch.rand(1) * math.pi
        x = torch.rand(10, 1) * 2 - 1
        return x[:5], amplitude * torch.sin(3 * x[:5] + phase), x[5:], amplitude * torch.sin(3 * x[5:] + phase)

    torch.manual_seed(222)
    learner = Learner()
    initial = learner.vars[0].flatten().tolist()
    meta_optim = torch.optim.Adam(learner.parameters(), lr=1e-3)
    losses = []
    for _ in range(40):
        losses_q = []
        for _task in range(4):
            x_spt, y_spt, x_qry, y_qry = sample_task()
            fast_weights = list(learner.parameters())
            for _inner in range(2):
                loss = F.mse_loss(learner(x_spt, fast_weights), y_spt)
                grad = torch.autograd.grad(loss, fast_weights, create_graph=True)
                fast_weights = [p - 0.01 * g for p, g in zip(fast_weights, grad, strict=True)]
            losses_q.append(F.mse_loss(learner(x_qry, fast_weights), y_qry))
        loss_q = torch.stack(losses_q).mean()
        meta_optim.zero_grad()
        loss_q.backward()
        meta_optim.step()
        losses.append(loss_q.item())
    return {"weights": initial, "losses": losses}
