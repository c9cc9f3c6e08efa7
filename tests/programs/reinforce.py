"""REINFORCE with a value baseline: actions sampled with multinomial, returns normalised, losses stacked and summed."""


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.affine1 = nn.Linear(3, 24)
            self.action_head = nn.Linear(24, 3)
            self.value_head = nn.Linear(24, 1)
            self.saved_actions, self.rewards = [], []

        def forward(self, x):
            x = F.relu(self.affine1(x))
            return F.softmax(self.action_head(x), dim=-1), self.value_head(x)

    torch.manual_seed(543)
    model = Policy()
    initial = model.affine1.weight[:3].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    eps = 1e-8
    running_reward, losses, running = 0.0, [], []
    for _episode in range(40):
        state = torch.eye(3)[torch.randint(3, (1,)).item()]
        for _t in range(10):
            probs, value = model(state)
            action = torch.multinomial(probs, 1)
            model.saved_actions.append((torch.log(probs.gather(0, action)), value))
            model.rewards.append(1.0 if action.item() == int(state.argmax()) else -0.1)
            state = torch.roll(state, shifts=1 + action.item() % 2, dims=0)
        R, returns = 0, []
        for r in model.rewards[::-1]:
            R = r + 0.9 * R
            returns.insert(0, R)
        returns = torch.tensor(returns)
        returns = (returns - returns.mean()) / (returns.std() + eps)
        policy_losses, value_losses = [], []
        for (log_prob, value), R in zip(model.saved_actions, returns, strict=True):
            advantage = R - value.item()
            policy_losses.append(-log_prob * advantage)
            value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
        optimizer.zero_grad()
        loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        running_reward = 0.05 * sum(model.rewards) + (1 - 0.05) * running_reward
        running.append(running_reward)
        del model.rewards[:]
        del model.saved_actions[:]
    return {"weights": initial, "losses": losses, "running": running}
