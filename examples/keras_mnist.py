"""Read MNIST's digits with a network in the manner of Keras: add, compile, train, predict, save, load.

    python examples/keras_mnist.py --data DIR
    python examples/keras_mnist.py --data DIR --hidden 100 --opt adam --lr 0.01
    python examples/keras_mnist.py --data DIR --hidden 10 --epochs 10

Each image is standardised by its own mean and deviation; labels are one-hot. Without hidden units that is softmax
regression, 784-10, for which 88.55 % were published after 20 epochs. The network is in keras_like.py, which also says
what was faulty in the program with that figure. `--validate` takes the test set as validation data, as that program
did; otherwise it is the last tenth of the training data, and the test set is seen once, at the end.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from common import finish, load_mnist, make_parser, positive
from keras_layers import ACTIVATIONS, FFL, LOSSES, OPTIMIZERS
from keras_like import NN

import tinygrad_nn as torch


def standardised(images: np.ndarray) -> np.ndarray:
    """Each image with mean 0 and deviation 1, as a row."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    return (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)


def make_network(args: Any) -> NN:
    """784 pixels, hidden units if wanted, 10 classes; compiled."""
    network = NN()
    for neurons in args.hidden:
        network.add(FFL(input_shape=None if len(network.layers) else 784, neurons=neurons, activation=args.activation))
    network.add(FFL(input_shape=None if args.hidden else 784, neurons=10, activation="softmax"))
    network.compile_model(lr=args.lr, mr=args.mr, opt=args.opt, loss=args.loss, metrics=["accuracy"])
    return network


def save_and_load(network: NN, path: Path, images: np.ndarray) -> None:
    """Write the network, and see that what is read again predicts the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network.save_model(path)
    again = NN.load_model(path)
    same = bool((again.predict(images) == network.predict(images)).all())
    print(f"network: {path}, predicts the same when loaded: {same}")


def main() -> None:
    """Train, test, and see that the network is the same after it was saved and loaded."""
    parser = make_parser(__doc__, data="MNIST's IDX files")
    parser.add_argument("--hidden", type=positive, nargs="*", default=[], help="units of the hidden layers")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="sigmoid", help="of the hidden layers")
    parser.add_argument("--opt", choices=OPTIMIZERS, default="sgd")
    parser.add_argument("--loss", choices=LOSSES, default="cse")
    parser.add_argument("--lr", type=float, default=0.01, help="the rate")
    parser.add_argument("--mr", type=float, default=0.001, help="the momentum")
    parser.add_argument("--epochs", type=positive, default=20)
    parser.add_argument("--batch-size", type=positive, default=32)
    parser.add_argument("--show-every", type=positive, default=1, help="epochs between two lines of figures")
    parser.add_argument("--validate", action="store_true", help="validate with the test set")
    args = parser.parse_args()

    train_images, train_labels, test_images, test_labels = load_mnist(args)
    train_x, test_x = standardised(train_images), standardised(test_images)
    train_y, test_y = (np.eye(10, dtype=np.float32)[labels] for labels in (train_labels, test_labels))
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    network = make_network(args)
    network.summary()

    started = time.perf_counter()
    validation: dict[str, Any] = {"val_x": test_x, "val_y": test_y} if args.validate else {"val_split": 0.1}
    network.train(train_x, train_y, args.epochs, args.show_every, args.batch_size, **validation)
    train, test = network.evaluate(train_x, train_y), network.evaluate(test_x, test_y)
    save_and_load(network, args.output / "keras_mnist_network.json", test_x)
    finish(
        args, {"training accuracy": train["accuracy"], "test accuracy": test["accuracy"]}, started, network.visualize
    )


if __name__ == "__main__":
    main()
