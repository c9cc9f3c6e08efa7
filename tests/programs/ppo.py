"""Proximal policy optimization with continuous actions: `MultivariateNormal`, a clipped ratio, an entropy bonus."""


def main(torch):
    nn, D = torch.nn, torch.distributions

    class ActorCritic(nn.Module):
        def __init__(self, state_dim, action_dim):
            super().__init__()
            self.log_std = nn.Parameter(torch.full((action_dim,), -0.5))
            self.actor = nn.Sequential(nn.Linear(state_dim, 24), nn.Tanh(), nn.Linear(24, action_dim), nn.Tanh())
            self.critic = nn.Sequential(nn.Linear(state_dim, 24), nn.Tanh(), nn.Linear(24, 1))

        def policy(self, state, correlated):
            mean, std = self.actor(state), self.log_std.exp().expand_as(self.actor(state))
            if correlated:
                return D.MultivariateNormal(mean, scale_tril=torch.diag_embed(std))
            return D.Independent(D.Normal(mean, std), 1)

    torch.manual_seed(7)
    model = ActorCritic(3, 2)
    initial = model.actor[0].weight[:2].tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses, ratios, rewards_seen = [], [], []
    for iteration in range(12):
        correlated = iteration % 2 == 0
        with torch.no_grad():
            states = torch.randn(32, 3)
            dist = model.policy(states, correlated)
            actions = dist.sample()
            old_log_probs = dist.log_prob(actions)
            rewards = -((actions - states[:, :2].tanh()) ** 2).sum(-1)
            advantages = rewards - model.critic(states).squeeze(-1)
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        rewards_seen.append(rewards.mean().item())
        for _epoch in range(4):
            dist = model.policy(states, correlated)
            ratio = torch.exp(dist.log_prob(actions) - old_log_probs)
            surrogate = torch.min(ratio * advantages, torch.clamp(ratio, 0.8, 1.2) * advantages)
            value_loss = nn.functional.mse_loss(model.critic(states).squeeze(-1), rewards)
            loss = -surrogate.mean() + 0.5 * value_loss - 0.01 * dist.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            losses.append(loss.item())
            ratios.append(ratio.mean().item())
    return {
        "weights": initial,
        "losses": losses,
        "ratios": ratios,
        "rewards": rewards_seen,
        "log_std": model.log_std.tolist(),
    }
