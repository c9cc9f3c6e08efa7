"""Plain PyTorch source, imports and all: run once as it stands, once with `torch` replaced in its import lines."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torch.utils.data
from torch import Tensor
from torch.autograd import Variable
from torch.nn import init
from torch.nn.parameter import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print(f"Using device: {device}")


class NeuralNetwork(nn.Module):
    def __init__(self, input_dim: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(0.25)
        self.out = nn.Linear(hidden, classes)
        self.scale = Parameter(torch.ones(1))
        init.kaiming_uniform_(self.fc2.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.fc1(x))
        x = self.dropout(torch.relu(self.fc2(x)))
        return self.scale * self.out(x)


class Rings(Dataset):
    def __init__(self, count: int) -> None:
        radius = torch.randint(0, 3, (count,))
        angle = 6.28 * torch.rand(count)
        self.x = torch.stack([angle.cos(), angle.sin()], dim=1) * (1.0 + radius[:, None]) + 0.1 * torch.randn(count, 2)
        self.y = radius

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, idx: int) -> tuple[Tensor, Tensor]:
        return self.x[idx], self.y[idx]


train_set, test_set = random_split(Rings(400), [320, 80])
train_loader = DataLoader(train_set, batch_size=16, shuffle=True)
test_loader = DataLoader(test_set, batch_size=40)
model = NeuralNetwork(2, 32, 3).to(device)
print(model)
print(model.fc1.weight[:3])
print(model.state_dict()["out.bias"])
print("parameters:", sum(p.numel() for p in model.parameters() if p.requires_grad))

criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
best_model_wts, best_acc = copy.deepcopy(model.state_dict()), 0.0
for epoch in range(5):
    for phase in ["train", "val"]:
        model.train() if phase == "train" else model.eval()
        running_loss, running_corrects = 0.0, 0
        loader = train_loader if phase == "train" else test_loader
        for batch, (inputs, labels) in enumerate(loader):
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == "train"):
                outputs = model(inputs)
                _, preds = torch.max(outputs, 1)
                loss = criterion(outputs, labels)
                if phase == "train":
                    loss.backward()
                    clip_grad_norm_(model.parameters(), 5.0)
                    optimizer.step()
                    print(f"step {epoch * len(loader) + batch}: loss {loss.item():.9f}")
            running_loss += loss.item() * inputs.size(0)
            running_corrects += torch.sum(preds == labels.data)
        epoch_loss = running_loss / len(loader.dataset)
        epoch_acc = running_corrects.double() / len(loader.dataset)
        print(f"{phase} loss: {epoch_loss:.4f} acc: {epoch_acc:.4f} {epoch_acc}")
        if phase == "val" and epoch_acc > best_acc:
            best_acc = epoch_acc
            best_model_wts = copy.deepcopy(model.state_dict())
model.load_state_dict(best_model_wts)
model.eval()
x = Variable(torch.tensor([[1.0, 0.0], [0.0, -2.0], [3.0, 0.0]]), requires_grad=True)
probability = F.softmax(model(x), dim=1)
probability[:, 1].sum().backward()
print(probability.argmax(dim=1), probability.shape, x.grad.shape)
with torch.no_grad():
    for data in DataLoader(TensorDataset(x.detach(), torch.tensor([0, 1, 2])), batch_size=3):
        points, wanted = data
        print((model(points).argmax(1) == wanted).float().mean().item())
