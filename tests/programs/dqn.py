"""Deep Q-learning in a corridor: replay memory, policy and target network, Huber loss, clipped gradients, soft
updates.
"""

import copy
import math
import random
from collections import deque, namedtuple

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class Corridor:
    """Ten places; action 1 goes right, 0 left; the right end is worth 1."""

    def reset(self):
        self.place = 3
        return [self.place / 10, 1.0]

    def step(self, action):
        self.place += 1 if action == 1 else -1
        done = self.place in (0, 10)
        return [self.place / 10, 1.0], (1.0 if self.place == 10 else -0.05), done


def main(torch):
    nn, F = torch.nn, torch.nn.functional

    class DQN(nn.Module):
        def __init__(self, n_observations, n_actions):
            super().__init__()
            self.layer1 = nn.Linear(n_observations, 32)
            self.layer2 = nn.Linear(32, 32)
            self.layer3 = nn.Linear(32, n_actions)

        def forward(self, x):
            x = F.relu(self.layer1(x))
            x = F.relu(self.layer2(x))
            return self.layer3(x)

    random.seed(0)
    torch.manual_seed(0)
    device = torch.device("cpu")
    BATCH_SIZE, GAMMA, TAU = 16, 0.9, 0.05
    policy_net = DQN(2, 2).to(device)
    target_net = DQN(2, 2).to(device)
    target_net.load_state_dict(policy_net.state_dict())
    frozen = copy.deepcopy(policy_net)
    initial = policy_net.layer1.weight[:4].tolist()
    optimizer = torch.optim.AdamW(policy_net.parameters(), lr=1e-3, amsgrad=True)
    memory = ReplayMemory(200)
    steps_done = 0

    def select_action(state):
        eps_threshold = 0.05 + 0.85 * math.exp(-1.0 * steps_done / 60)
        if random.random() > eps_threshold:
            with torch.no_grad():
                return policy_net(state).max(1).indices.view(1, 1)
        return torch.tensor([[random.randrange(2)]], device=device, dtype=torch.long)

    def optimize_model():
        if len(memory) < BATCH_SIZE:
            return
        batch = Transition(*zip(*memory.sample(BATCH_SIZE), strict=True))
        non_final_mask = torch.tensor(tuple(s is not None for s in batch.next_state), device=device, dtype=torch.bool)
        non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
        state_batch, action_batch = torch.cat(batch.state), torch.cat(batch.action)
        reward_batch = torch.cat(batch.reward)
        state_action_values = policy_net(state_batch).gather(1, action_batch)
        next_state_values = torch.zeros(BATCH_SIZE, device=device)
        with torch.no_grad():
            next_state_values[non_final_mask] = target_net(non_final_next_states).max(1).values
        expected = (next_state_values * GAMMA) + reward_batch
        loss = nn.SmoothL1Loss()(state_action_values, expected.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
        optimizer.step()
        losses.append(loss.item())

    losses, durations = [], []
    environment = Corridor()
    while len(losses) < 100:
        state = torch.tensor(environment.reset(), dtype=torch.float32, device=device).unsqueeze(0)
        done, steps = False, 0
        while not done and steps < 25:
            action = select_action(state)
            observation, reward, done = environment.step(action.item())
            reward = torch.tensor([reward], device=device)
            next_state = None if done else torch.tensor(observation, dtype=torch.float32, device=device).unsqueeze(0)
            memory.push(state, action, next_state, reward)
            state = next_state
            steps_done, steps = steps_done + 1, steps + 1
            optimize_model()
            target_state, policy_state = target_net.state_dict(), policy_net.state_dict()
            for key in policy_state:
                target_state[key] = policy_state[key] * TAU + target_state[key] * (1 - TAU)
            target_net.load_state_dict(target_state)
        durations.append(steps)
    places = torch.stack([torch.arange(1, 10) / 10, torch.ones(9)], dim=1)
    with torch.no_grad():
        values, moved = policy_net(places), (policy_net.layer1.weight - frozen.layer1.weight).abs().max()
    return {
        "weights": initial, "losses": losses[:100], "durations": durations, "values": values.tolist(),
        "target": target_net.layer3.bias.tolist(), "moved": moved.item(),
    }  # fmt: skip
