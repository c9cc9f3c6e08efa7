"""What is imported when it is first asked for: what stays out of an import, and that nobody can tell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_nn

ROOT = Path(tinygrad_nn.__file__).parent.parent
PROGRAM = (
    "import tinygrad_nn as torch\nimport tinygrad_nn.nn as nn\nimport tinygrad_nn.nn.functional as F\n"
    "import tinygrad_nn.optim as optim"
)


def fresh(code: str) -> str:
    """What a new interpreter prints that runs this."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_after(code: str) -> set[str]:
    """The modules that a program has imported, beyond what NumPy does."""
    shown = "print(' '.join(set(sys.modules) - before))"
    return set(fresh(f"import sys, numpy; before = set(sys.modules)\n{code}\n{shown}").split())


# --- what an import leaves out -----------------------------------------------------------------------------------

SLOW = {  # modules of the standard library, and of NumPy's, that take a millisecond and more
    "numpy.random", "numpy.typing", "dataclasses", "difflib", "fractions", "decimal", "hashlib", "random", "secrets",
    "glob", "ast", "tempfile", "subprocess", "logging", "multiprocessing", "json",
}  # fmt: skip


def families(modules: set[str]) -> set[str]:
    return {name.removeprefix("tinygrad_nn.ops.") for name in modules if name.startswith("tinygrad_nn.ops.")}


def test_import_leaves_out_what_few_programs_use():
    found = modules_after("import tinygrad_nn")
    assert not found & SLOW
    later = set(tinygrad_nn.ops._LATER)
    assert len(later) > 70
    assert not families(found) & later  # neither by name nor through another module
    on_disk = {path.stem for path in (ROOT / "tinygrad_nn" / "ops").glob("*.py")} - {"__init__"}
    assert families(found) | later == on_disk


def test_the_usual_imports_leave_out_what_few_programs_use():
    found = modules_after(PROGRAM)
    assert not found & SLOW
    needed = {"classification", "dropout", "implicit_softmax", "interpolation", "loss", "norm_checks", "response_norm"}
    assert families(found) & set(tinygrad_nn.ops._LATER) <= needed | {"sparse"}


def test_a_training_step_imports_no_more():
    """What every program does is there at once: nothing is imported in the middle of training."""
    step = (
        "torch.manual_seed(0); net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))\n"
        "optimizer = optim.Adam(net.parameters(), lr=0.1)\n"
        "x, y = torch.randn(5, 4), torch.randint(0, 3, (5,))\n"
        "loss = F.cross_entropy(net(x), y); optimizer.zero_grad(); loss.backward(); optimizer.step()\n"
        "accuracy = (net(x).argmax(dim=1) == y).float().mean().item(); torch.cat([x, x])[:, 1:].reshape(-1).sum()"
    )
    assert families(modules_after(f"{PROGRAM}\n{step}")) == families(modules_after(PROGRAM))


# --- each name ---------------------------------------------------------------------------------------------------

EACH = """
import os, sys
import tinygrad_nn as tg, tinygrad_nn.nn.functional as F
from tinygrad_nn import ops
from tinygrad_nn._core.tensor import LaterMethod, Tensor

def check(name, holder, module):
    before = module in sys.modules
    value = getattr(holder, name)
    assert callable(value) or holder is tg, name
    home = sys.modules[module]
    if holder is Tensor:
        assert vars(Tensor)[name] is value and not isinstance(value, LaterMethod), name
        assert getattr(tg.ones(2), name).__self__ is not None, name
    else:
        assert vars(holder)[name] is value is getattr(home, name), name
    return before

names = [(n, Tensor, f"tinygrad_nn.ops.{m}") for m, found in ops._LATER.items() for n in found.split()]
names += [(n, tg, f"tinygrad_nn.{m}") for m, found in tg._LATER.items() for n in found.split()]
names += [(n, F, f"tinygrad_nn.{m}") for m, found in F._LATER.items() for n in found.split()]
assert len(names) > 300
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each name has a process of its own")
def test_each_name_is_found_when_it_is_asked_for_first():
    code = EACH + (
        "for each in names:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n"
        "            assert not check(*each) or each[1] is F, each\n"
        "        except BaseException as error:\n"
        "            print(each[0], type(error).__name__, error, flush=True)\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
        "print('done')"
    )
    assert fresh(code).split("\n") == ["done", ""]


def test_each_name_is_found_one_after_the_other():
    code = EACH + (
        "for each in names: check(*each)\n"
        "attributes = set(dir(Tensor)), set(dir(tg)), set(dir(F))\n"
        "from tinygrad_nn._core import later; later.load_all()\n"
        "assert (set(dir(Tensor)), set(dir(tg)), set(dir(F))) == attributes\n"
        "assert not [n for n, v in vars(Tensor).items() if isinstance(v, LaterMethod)]\n"
        "print(len(attributes[0]))"
    )
    shown = int(fresh(code))
    assert shown == len(dir(tinygrad_nn.Tensor))
    from_the_start = "import tinygrad_nn; print(len(dir(tinygrad_nn.Tensor)))"
    assert int(fresh(from_the_start)) == shown


@pytest.mark.parametrize("module", ["tinygrad_nn", "tinygrad_nn.nn.functional", "tinygrad_nn.nn"])
def test_star_import(module):
    code = f"import {module} as m\nfrom {module} import *\nprint(sorted(n for n in m.__all__ if n not in globals()))"
    assert fresh(code) == "[]\n"


# --- nobody can tell ---------------------------------------------------------------------------------------------

UNSEEN = {
    "hasattr": "assert hasattr(torch.Tensor, 'median') and hasattr(x, 'tanh_') and not hasattr(x, 'no_such')",
    "dir": """
assert {'median', 'svd'} <= set(dir(torch)) & set(dir(x)); assert 'ctc_loss' in dir(F) and 'LSTM' in dir(nn)""",
    "signature": "import inspect; assert str(inspect.signature(torch.Tensor.cumsum)).startswith('(input')",
    "help": "import pydoc; assert 'inverse' in pydoc.render_doc(torch.Tensor.inverse)",
    "pickle": "import pickle; assert pickle.loads(pickle.dumps(torch.median)) is torch.median",
    "from import": "from tinygrad_nn import einsum as e; assert e('i,i', x, x).item() == 5",
    "bound": "f = x.cumsum; assert f(0).tolist() == [1, 3]",
    "of the class": "assert torch.Tensor.cumsum(x, 0).tolist() == [1, 3]",
    "same object": "assert torch.Tensor.median is torch.median",
    "derived": """
class Mine(torch.Tensor):
    def cumsum(self, dim): return super().cumsum(dim) * 10
assert torch.ones(2).as_subclass(Mine).cumsum(0).tolist() == [10, 20]
assert nn.Parameter(torch.ones(2)).tanh().grad_fn is not None""",
    "operator": "import operator; assert operator.methodcaller('cumsum', 0)(x).tolist() == [1, 3]",
    "mistyped": """
try: torch.cumsun
except AttributeError as error: assert "Did you mean 'cumsum'" in str(error), error
try: x.cumsun
except AttributeError: pass""",
    "numpy": """
x = torch.tensor([[2., 1.], [1., 3.]], requires_grad=True)
for f in (np.linalg.det, np.linalg.norm, np.sort, np.cumsum, np.trace, np.tan, np.linalg.inv, np.diff):
    result = f(x); assert isinstance(result, torch.Tensor) and result.requires_grad, f""",
    "numpy, in a rule": """
x = torch.tensor([0.5], requires_grad=True)
g, = torch.autograd.grad(x.sin(), x, create_graph=True)  # the rule says np.cos
assert abs(g.sin().item() - np.sin(np.cos(0.5))) < 1e-6 and g.requires_grad""",
    "one's own op of that name": """
from tinygrad_nn import op
try:
    @op(vjp=lambda g, x: g)
    def cumsum(x, /): return x
except TypeError as error: assert 'there is an op of this name already' in str(error), error
else: raise AssertionError""",
    "one's own op, of no module": """
exec('@torch.op(vjp=lambda g: g * 2, method=False)\\ndef twice(x, /): return x * 2', {'torch': torch})""",
    "one's own function of that name": """
from tinygrad_nn import composite
@composite()
def median(input): return 'mine'
torch.sort(x); torch.nanmedian(x); assert x.median() == 'mine' == torch.Tensor.median(x)""",
    "one's own op for a NumPy function": """
from tinygrad_nn import op
@op(np.tan, vjp=lambda g, x: g, method=False)
def my_tan(x, /): return x + 1
x.sinh(); assert np.tan(x).tolist() == [2, 3]""",
    "replaced": """
torch.Tensor.median = lambda self: 'mine'
torch.quantile(x, 0.5); assert x.median() == 'mine' and torch.median(x).item() == 1""",
    "replaced for a while": """
from unittest import mock
with mock.patch.object(torch.Tensor, 'median', lambda self: 'mine'):
    torch.quantile(x, 0.5); assert x.median() == 'mine'
assert x.median().item() == 1 and torch.Tensor.median(x).item() == 1""",
    "while warnings are errors": "import warnings; warnings.simplefilter('error'); later.load_all()",
    "while NumPy raises": "np.seterr(all='raise'); later.load_all()",
    "with another default": """
torch.set_default_dtype(torch.float64); later.load_all(); torch.set_default_dtype(torch.float32)
assert torch.bartlett_window(3).dtype == torch.float32 and torch.special.i0e(x).dtype == torch.float32""",
    "without recording": """
with torch.no_grad(), torch.inference_mode(): later.load_all()
x.requires_grad_(); assert x.tanh().requires_grad""",
    "in a transform": """
rows = torch.arange(6.).reshape(3, 2)
assert torch.func.vmap(lambda r: r.cumsum(0))(rows).tolist() == [[0, 1], [2, 5], [4, 9]]
assert torch.func.vmap(torch.func.grad(lambda r: torch.logdet(torch.diag(r))))(rows + 1).shape == (3, 2)
assert torch.func.jvp(torch.tan, (x,), (x,))[1].shape == (2,)""",
    "in a hook": """
x.requires_grad_(); x.register_hook(lambda g: g.tanh()); x.sum().backward(); assert x.grad is not None""",
    "watched": """
with torch.profiler.profile() as p: x.cumsum(0)
assert any('cumsum' in event.key for event in p.key_averages())
with torch.autograd.detect_anomaly(): x.requires_grad_(); x.tan().sum().backward()""",
    "copies and files": """
import copy, io
copy.deepcopy(torch.tanh); file = io.BytesIO(); torch.save({'f': x}, file); file.seek(0); torch.load(file)""",
    "from threads": """
import threading
start, found = threading.Barrier(8), []
def run():
    start.wait(); found.append((x.cumsum(0).tolist(), torch.tan(x).shape, F.gelu(x).shape, np.sort(x).shape))
threads = [threading.Thread(target=run) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]; assert len(found) == 8, found""",
    "numbers from threads": """
import threading
start, found = threading.Barrier(8), []
def run(): start.wait(); found.append(tuple(torch.randint(0, 1 << 62, (4,)).tolist()))
threads = [threading.Thread(target=run) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]; assert len(set(found)) == 8, found""",
    "seeds": """
assert 'numpy.random' not in sys.modules
state = torch.get_rng_state(); a = torch.rand(3); torch.set_rng_state(state); assert torch.rand(3).equal(a)
torch.manual_seed(3); b = torch.rand(2); g = torch.Generator().manual_seed(3)
assert torch.rand(2, generator=g).equal(b)
assert torch.Generator().initial_seed() == 67280421310721 and torch.initial_seed() == 3""",
}


@pytest.mark.parametrize("what", UNSEEN)
def test_nobody_can_tell(what):
    start = f"import sys\nimport numpy as np\n{PROGRAM}\nfrom tinygrad_nn._core import later\n"
    fresh(f"{start}x = torch.tensor([1., 2.])\n{UNSEEN[what]}")
