"""Textbook code that builds everything from tensors: linear and softmax regression, minibatches by random indices."""

import random


def main(torch):
    def synthetic_data(w, b, num_examples):
        X = torch.normal(0, 1, (num_examples, len(w)))
        y = torch.matmul(X, w) + b
        y += torch.normal(0, 0.01, y.shape)
        return X, y.reshape((-1, 1))

    def data_iter(batch_size, features, labels):
        num_examples = len(features)
        indices = list(range(num_examples))
        random.shuffle(indices)
        for i in range(0, num_examples, batch_size):
            batch_indices = torch.tensor(indices[i : min(i + batch_size, num_examples)])
            yield features[batch_indices], labels[batch_indices]

    def sgd(params, lr, batch_size):
        with torch.no_grad():
            for param in params:
                param -= lr * param.grad / batch_size
                param.grad.zero_()

    torch.manual_seed(16)
    random.seed(16)
    true_w, true_b = torch.tensor([2, -3.4]), 4.2
    features, labels = synthetic_data(true_w, true_b, 200)
    w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    initial = w.tolist()
    losses, epochs = [], []
    for _epoch in range(3):
        for X, y in data_iter(10, features, labels):
            y_hat = torch.matmul(X, w) + b
            loss = (y_hat - y.reshape(y_hat.shape)) ** 2 / 2
            loss.sum().backward()
            sgd([w, b], 0.03, 10)
            losses.append(loss.mean().item())
        with torch.no_grad():
            epochs.append(float(((features @ w + b - labels) ** 2 / 2).mean()))

    num_inputs, num_outputs, num_hiddens = 16, 4, 12
    W1 = torch.nn.Parameter(torch.randn(num_inputs, num_hiddens, requires_grad=True) * 0.1)
    b1 = torch.nn.Parameter(torch.zeros(num_hiddens, requires_grad=True))
    W2 = torch.nn.Parameter(torch.randn(num_hiddens, num_outputs, requires_grad=True) * 0.1)
    b2 = torch.nn.Parameter(torch.zeros(num_outputs, requires_grad=True))

    def softmax(X):
        X_exp = torch.exp(X)
        partition = X_exp.sum(1, keepdim=True)
        return X_exp / partition

    def relu(X):
        a = torch.zeros_like(X)
        return torch.max(X, a)

    def dropout_layer(X, dropout):
        mask = (torch.rand(X.shape) > dropout).float()
        return mask * X / (1.0 - dropout)

    def net(X, training=True):
        H = relu(X.reshape((-1, num_inputs)) @ W1 + b1)
        if training:
            H = dropout_layer(H, 0.25)
        return softmax(H @ W2 + b2)

    def cross_entropy(y_hat, y):
        return -torch.log(y_hat[range(len(y_hat)), y])

    def accuracy(y_hat, y):
        if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
            y_hat = y_hat.argmax(axis=1)
        cmp = y_hat.type(y.dtype) == y
        return float(cmp.type(y.dtype).sum())

    y = torch.randint(4, size=(160,))
    X = torch.randn(160, 4, 4)
    X[torch.arange(160), y] += 1
    softmax_losses, accuracies = [], []
    for _epoch in range(6):
        for batch, target in data_iter(32, X, y):
            l = cross_entropy(net(batch), target)
            penalty = 3e-3 * torch.sum(W1.pow(2)) / 2
            (l.mean() + penalty).backward()
            sgd([W1, b1, W2, b2], 0.5, 1)
            softmax_losses.append(float(l.detach().sum()))
        accuracies.append(accuracy(net(X, training=False), y) / len(y))
    return {
        "weights": initial, "losses": losses, "epochs": epochs, "w": w.reshape(true_w.shape).tolist(), "b": b.item(),
        "softmax losses": softmax_losses, "accuracies": accuracies,
    }  # fmt: skip
