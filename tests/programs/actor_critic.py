"""PyTorch's actor-critic example: `Categorical` draws actions, `log_prob` of them is weighted by the advantage."""

from collections import namedtuple

SavedAction = namedtuple("SavedAction", ["log_prob", "value"])


def main(torch):
    nn, F = torch.nn, torch.nn.functional
    Categorical = torch.distributions.Categorical

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.affine1 = nn.Linear(4, 32)
            self.action_head = nn.Linear(32, 2)
            self.value_head = nn.Linear(32, 1)
            self.saved_actions = []
            self.rewards = []

        def forward(self, x):
            x = F.relu(self.affine1(x))
            return F.softmax(self.action_head(x), dim=-1), self.value_head(x)

    class Pole:
        """A cart to be kept in the middle, which a push to the left or to the right moves."""

        def reset(self):
            self.state = torch.empty(4).uniform_(-0.1, 0.1)
            return self.state

        def step(self, action):
            position, speed, angle, turning = self.state.tolist()
            push = 0.2 if action == 1 else -0.2
            speed, turning = speed + push, turning + 0.3 * angle - push
            self.state = torch.tensor([position + 0.1 * speed, speed, angle + 0.1 * turning, turning])
            done = abs(self.state[2].item()) > 0.4 or abs(self.state[0].item()) > 1.5
            return self.state, -1.0 if done else 1.0, done

    torch.manual_seed(543)
    model, env = Policy(), Pole()
    initial = model.affine1.weight[:2].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    eps = 1e-5
    losses, entropies, lengths, actions = [], [], [], []
    for _episode in range(40):
        state = env.reset()
        for _t in range(15):
            probs, state_value = model(state)
            m = Categorical(probs)
            action = m.sample()
            model.saved_actions.append(SavedAction(m.log_prob(action), state_value))
            entropies.append(m.entropy().item())
            actions.append(action.item())
            state, reward, done = env.step(action.item())
            model.rewards.append(reward)
            if done:
                break
        lengths.append(len(model.rewards))
        R, returns = 0, []
        for r in model.rewards[::-1]:
            R = r + 0.99 * R
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
        del model.rewards[:]
        del model.saved_actions[:]
    return {"weights": initial, "losses": losses, "entropies": entropies, "lengths": lengths, "actions": actions}
