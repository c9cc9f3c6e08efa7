"""Errors inside a module say where: the layer's path, what it expected, where its input is from, the line, the fix."""

from __future__ import annotations

import pickle
import runpy
import textwrap
from pathlib import Path

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn

HEAD = """
import tinygrad_nn as torch
from tinygrad_nn import nn
import tinygrad_nn.nn.functional as F
"""

# Programs that fail in the line marked with "# here", where "# made" marks where the layer is made; and what the error
# says: PyTorch's words first, then these. HERE and MADE stand for file and line.
PROGRAMS = {
    "a sequence": (
        """
        net = nn.Sequential(
            nn.Linear(4, 5), nn.ReLU(),
            nn.Linear(6, 2),  # made
        )
        net(torch.ones(3, 4))  # here
        """,
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (3x5 and 6x2)",
        "in net.2 (Linear(6, 2)): expected 6 features in the last dimension, got (3, 5), from net.1 (ReLU)\n",
        "at HERE: net(torch.ones(3, 4))",
        "Did you mean Linear(5, 2)? It is made at MADE.",
    ),
    "a sequence in a sequence": (
        """
        net = nn.Sequential(nn.Linear(4, 5), nn.Sequential(nn.Sequential(nn.Linear(6, 2)), nn.ReLU()))  # made
        net(torch.ones(4))  # here
        """,
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (1x5 and 6x2)",
        "in net.1.0.0 (Linear(6, 2)): expected 6 features in the last dimension, got (5,), from net.0 (Linear(4, 5))",
        "at HERE", "MADE",
    ),
    "a forward of one's own": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(4, 8)
                self.inner = nn.ModuleDict({"b": nn.Linear(7, 2)})  # made

            def forward(self, x):
                hidden = F.relu(self.a(x))
                return self.inner["b"](
                    hidden)

        model = Net()
        model(torch.ones(3, 4))
        """,
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (3x8 and 7x2)",
        "in model.inner.b (Linear(7, 2)): expected 7 features in the last dimension, got (3, 8), from F.relu(...)",
        ", in forward: ", "Did you mean Linear(8, 2)?", "MADE",
    ),
    "one layer gives to the other": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Sequential(nn.Linear(4, 8))
                self.last = nn.Linear(7, 2)  # made

            def forward(self, x):
                if x.ndim == 2:
                    x = x * 2
                x = self.first[0](x)
                x = self.last(x)  # here
                return x

        class Trainer:
            def __init__(self):
                self.model = Net()

            def fit(self):
                return self.model(torch.ones(3, 4))

        Trainer().fit()
        """,
        RuntimeError,
        "mat1 and mat2 shapes",
        "in self.model.last (Linear(7, 2)): expected 7 features in the last dimension, got (3, 8), from "
        "self.model.first.0 (Linear(4, 8))",
        "at HERE, in forward: x = self.last(x)", "MADE",
    ),
    "a loop": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(5, 4)])  # made

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)  # here
                return x

        net = Net()
        net(torch.ones(3, 4))
        """,
        RuntimeError,
        "mat1 and mat2 shapes",
        "in net.layers.1 (Linear(5, 4)): expected 5 features in the last dimension, got (3, 4)\n",  # no guess
        "at HERE", "Did you mean Linear(4, 4)?",
    ),
    "an image to a linear layer": (
        """
        net = nn.Sequential(nn.Linear(784, 10))
        net(torch.ones(2, 28, 28))  # here
        """,
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (56x28 and 784x10)",
        "in net.0 (Linear(784, 10)): expected 784 features in the last dimension, got (2, 28, 28)",
        "at HERE", "Flatten the input: nn.Flatten() before it, or x.flatten(1).",
    ),
    "rows and columns exchanged": (
        """
        nn.Linear(5, 1)(torch.ones(5, 3))  # here
        """,
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (5x3 and 5x1)",
        "in Linear(5, 1): expected 5 features in the last dimension, got (5, 3)",
        "at HERE", "Are rows and columns exchanged? x.mT has them the other way round.",
    ),
    "float64 data": (
        """
        import numpy as np
        net = nn.Sequential(nn.Linear(2, 1))
        net(torch.from_numpy(np.ones((4, 2))))  # here
        """,
        RuntimeError,
        "mat1 and mat2 must have the same dtype, but got Double and Float",
        "in net.0 (Linear(2, 1)): expected an input of float32, as the parameters are, got float64",
        "at HERE", "Convert the input: x.float(). NumPy's numbers are float64 unless told otherwise.",
    ),
    "integers": (
        """
        nn.Sequential(nn.Linear(2, 1))(torch.ones(4, 2).long())  # here
        """,
        RuntimeError,
        "mat1 and mat2 must have the same dtype",
        "expected an input of floating point numbers, got int64", "at HERE", "Convert the input: x.float()",
    ),
    "an embedding": (
        """
        table = nn.Embedding(10, 4)  # made
        table(torch.tensor([[1, 10]]))  # here
        """,
        IndexError,
        "index out of range in self",
        "in table (Embedding(10, 4)): expected numbers from 0 to 9, got 10 at position [0, 1]",
        "at HERE", "Rows are counted from 0. Did you mean Embedding(11, 4)? It is made at MADE.",
    ),
    "an embedding of floats": (
        """
        table = nn.Embedding(10, 4)
        table(torch.ones(2))  # here
        """,
        RuntimeError,
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int",
        "in table (Embedding(10, 4)): expected whole numbers, the numbers of rows, got float32",
        "at HERE", "Convert them: x.long().",
    ),
    "two inputs": (
        """
        pair = nn.Bilinear(2, 3, 4)
        pair(torch.ones(5, 2), torch.ones(5, 4))  # here
        """,
        RuntimeError,
        "",
        "in pair (Bilinear(2, 3, 4)): expected 3 features in the second input, got (5, 4)", "at HERE",
    ),
    "a product in forward": (
        """
        class Net(nn.Module):
            def forward(self, x):
                return x @ torch.ones(3, 3)  # here

        nn.Sequential(Net())(torch.ones(2, 4))
        """,
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (2x4 and 3x3)",
        "in Sequential.0 (Net)", "at HERE, in forward: return x @ torch.ones(3, 3)",
    ),
    "a recurrent layer": (
        """
        rnn = nn.LSTM(5, 8)  # made
        rnn(torch.ones(2, 3, 4))  # here
        """,
        RuntimeError,
        "input.size(-1) must be equal to input_size. Expected 5, got 4",
        "in rnn (LSTM(5, 8)): expected 5 features in the last dimension, got (2, 3, 4)",
        "at HERE", "Did you mean LSTM(4, 8)? It is made at MADE.",
    ),
    "channels": (
        """
        net = nn.Sequential(nn.Conv2d(3, 8, 3))  # made
        net(torch.ones(2, 1, 6, 6))  # here
        """,
        RuntimeError,
        "Given groups=1, weight of size [8, 3, 3, 3], expected input[2, 1, 6, 6] to have 3 channels",
        "in net.0 (Conv2d(3, 8, 3)): expected 3 channels in an input (batch, channels, height, width), "
        "got (2, 1, 6, 6)",
        "at HERE", "Did you mean Conv2d(1, 8, 3)? It is made at MADE.",
    ),
    "channels last": (
        """
        net = nn.Sequential(nn.Conv2d(3, 8, 3))
        net(torch.ones(2, 6, 6, 3))  # here
        """,
        RuntimeError,
        "Given groups=1, weight of size [8, 3, 3, 3], expected input[2, 6, 6, 3] to have 3 channels",
        "at HERE", "The channels seem to stand last: x.permute(0, 3, 1, 2) puts them first.",
    ),
    "the norm of other channels": (
        """
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(6))  # made
        net(torch.ones(2, 3, 6, 6))  # here
        """,
        RuntimeError,
        "running_mean should contain 8 elements not 6",
        "in net.1 (BatchNorm2d(6)): expected 6 channels in dimension 1, got (2, 8, 4, 4), from net.0 (Conv2d(3, 8, 3))",
        "at HERE", "Did you mean BatchNorm2d(8)? It is made at MADE.",
    ),
    "the norm of other dimensions": (
        """
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm1d(8))  # made
        net(torch.ones(2, 3, 6, 6))  # here
        """,
        ValueError,
        "expected 2D or 3D input (got 4D input",
        "in net.1 (BatchNorm1d(8)): expected an input of 2 or 3 dimensions, got (2, 8, 4, 4), from net.0",
        "at HERE", "Did you mean BatchNorm2d(8)? It is made at MADE.",
    ),
    "a single example of other channels": (
        """
        norm = nn.InstanceNorm2d(6, affine=True)  # made
        norm(torch.ones(8, 4, 4))  # here
        """,
        ValueError,
        "expected input's size at dim=0 to match num_features (6), but got: 8.",
        "in norm (InstanceNorm2d(6)): expected 6 channels in dimension 0, got (8, 4, 4)",
        "at HERE", "Did you mean InstanceNorm2d(8)? It is made at MADE.",
    ),
    "groups": (
        """
        norm = nn.GroupNorm(3, 9)  # made
        norm(torch.ones(2, 6, 4))  # here
        """,
        RuntimeError,
        "Expected weight to be a vector of size equal to the number of channels in input",
        "in norm (GroupNorm(3, 9)): expected 9 channels in dimension 1, got (2, 6, 4)",
        "at HERE", "Did you mean GroupNorm(3, 6)? It is made at MADE.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_place_is_told(name: str, tmp_path: Path) -> None:
    program, kind, first, *parts = PROGRAMS[name]
    path = tmp_path / "program.py"
    path.write_text(HEAD + textwrap.dedent(program))
    lines = path.read_text().split("\n")
    with pytest.raises(kind) as info:
        runpy.run_path(str(path))
    text = str(info.value)
    assert text.startswith(first)
    for part in parts:
        for mark, word in (("HERE", "# here"), ("MADE", "# made")):
            number = next((number for number, line in enumerate(lines, 1) if line.endswith(word)), 0)
            part = part.replace(mark, f"program.py:{number}")
        part, dot, rest = part.partition("program.py")  # the folder stands before it
        for piece in (part, dot + rest):
            assert piece in text, text
    assert not getattr(info.value, "__notes__", [])


class Failing(nn.Module):
    """A module that raises what it is given."""

    def forward(self, error: Exception) -> None:
        raise error


def test_errors_of_users_keep_their_words() -> None:
    net = nn.Sequential(nn.Sequential(Failing()))
    for error in (ValueError("mine"), KeyError("key"), RuntimeError("a", 2), OSError(2, "no"), StopIteration(3)):
        args = error.args
        with pytest.raises(type(error)) as info:
            net(error)
        assert info.value is error
        assert error.args == args
        assert error.__notes__ == ["(in net.0.0 (Failing))"]


def test_an_error_that_passes_twice_is_placed_once_for_each_way() -> None:
    net, error = nn.Sequential(Failing()), ValueError("mine")
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"):
            net(error)
    assert len(error.__notes__) <= 2


def test_misspelt_attributes_and_arguments() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Linear(2, 2)

        def forward(self, x: tg.Tensor, how: str) -> tg.Tensor:
            if how == "attribute":
                return self.hiden(x)
            return self.hidden(x, scale=3)  # type: ignore[call-arg]

    with pytest.raises(AttributeError, match="Did you mean 'hidden'") as info:
        Net()(tg.ones(2), "attribute")
    assert info.value.__notes__ == ["(in Net)"]
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'scale'(.|\n)*in Net\.hidden \(Linear\(2, 2\)\)"):
        Net()(tg.ones(2), "argument")


def test_placed_errors_can_be_pickled() -> None:
    with pytest.raises(RuntimeError) as info:
        nn.Sequential(nn.Linear(3, 2))(tg.ones(4))
    copied = pickle.loads(pickle.dumps(info.value))
    assert str(copied) == str(info.value)


def test_a_module_notes_where_it_was_made() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 2)

    block = Block()  # this line
    here = Path(__file__).read_text().split("\n")
    assert block._made_at is not None
    assert block._made_at[0] == __file__
    assert here[block._made_at[1] - 1].endswith("# this line")
    assert block.inner._made_at is not None
    assert "self.inner = " in here[block.inner._made_at[1] - 1]
