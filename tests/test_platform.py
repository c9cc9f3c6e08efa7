"""What programs ask of, and switch on, other devices, compilers and processes: answered as PyTorch without a GPU does.

Where PyTorch raises, so does this package: an error of the same type, or of one derived from it.
"""

from __future__ import annotations

import os
import signal
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tinygrad_nn as tg

# Each line is run in both packages. None stands for "it need not be equal, but it must not fail".
ANSWERS: dict[str, Any] = {
    "torch.cuda.is_available()": False,
    "torch.cuda.is_initialized()": False,
    "torch.cuda.is_bf16_supported()": False,
    "torch.cuda.device_count()": 0,
    "torch.cuda.memory_allocated()": 0,
    "torch.cuda.max_memory_allocated()": 0,
    "torch.cuda.memory_reserved()": 0,
    "torch.cuda.max_memory_reserved()": 0,
    "torch.cuda.empty_cache()": None,
    "torch.cuda.manual_seed_all(3)": None,
    "torch.cuda.seed_all()": None,
    "torch.cuda.get_rng_state_all()": [],
    "torch.cuda.set_rng_state_all([])": None,
    "torch.backends.cuda.is_built()": False,
    "torch.backends.cuda.matmul.allow_tf32": False,
    "torch.backends.cuda.flash_sdp_enabled()": True,
    "torch.backends.cuda.enable_flash_sdp(True)": None,
    "torch.backends.mps.is_available()": False,
    "torch.mps.device_count()": 0,
    "torch.xpu.is_available()": False,
    "torch.xpu.device_count()": 0,
    "torch.cpu.is_available()": True,
    "torch.cpu.device_count()": 1,
    "torch.cpu.current_device()": "cpu",
    "torch.cpu.synchronize()": None,
    "torch.version.cuda": None,
    "torch.version.hip": None,
    "torch.distributed.is_initialized()": False,
    "torch.distributed.is_torchelastic_launched()": False,
    "torch.jit.is_scripting()": False,
    "torch.jit.is_tracing()": False,
    "torch.compiler.is_compiling()": False,
    "torch.utils.dlpack.from_dlpack(torch.ones(2)).tolist()": [1.0, 1.0],
    "torch.utils.hooks.RemovableHandle.__name__": "RemovableHandle",
    "torch.compiler.is_exporting()": False,
    "torch.compiler.disable(abs)(-1)": 1,
    "torch.compiler.disable(recursive=False)(abs)(-1)": 1,
    "torch.compiler.reset()": None,
    "issubclass(torch.jit.ScriptModule, torch.nn.Module)": True,
    "torch.jit.annotate(int, 3)": 3,
    "torch.jit.isinstance([1], list[int])": True,
    "torch.jit.isinstance([1, 'a'], list[int])": False,
    "torch.jit.isinstance({'a': [1.0]}, dict[str, list[float]])": True,
    "torch.jit.isinstance((1, 'a'), tuple[int, str])": True,
    "torch.jit.isinstance(1, (list[int], int))": True,
    "torch.is_autocast_enabled()": False,
    "torch.is_autocast_enabled('cpu')": False,
    "str(torch.get_autocast_dtype('cpu'))": "torch.bfloat16",
    "str(torch.get_autocast_dtype('cuda'))": "torch.float16",
    "torch.amp.is_autocast_available('cpu')": True,
    "torch.amp.is_autocast_available('cuda')": True,
    "torch.amp.GradScaler('cpu').get_scale()": 65536.0,
    "torch.amp.GradScaler('cpu', enabled=False).state_dict()": {},
    "torch._assert(True, 'no')": None,
    "torch.multiprocessing.get_all_sharing_strategies()": {"file_descriptor", "file_system"},
    "torch.multiprocessing.get_start_method() in ('fork', 'spawn', 'forkserver')": True,
}

REFUSED = [
    "torch.cuda.synchronize()", "torch.cuda.current_device()", "torch.cuda.get_device_name(0)",
    "torch.cuda.get_device_capability()", "torch.cuda.get_device_properties(0)", "torch.cuda.Event(enable_timing=True)",
    "torch.cuda.Stream()", "torch.cuda.current_stream()", "torch.cuda.init()", "torch.cuda.get_rng_state()",
    "torch.cuda.mem_get_info()", "torch.mps.synchronize()", "torch.mps.empty_cache()",
    "torch.mps.current_allocated_memory()", "torch.distributed.get_rank()", "torch.distributed.get_world_size()",
    "torch.distributed.barrier()", "torch.distributed.all_reduce(torch.ones(2))",
    "torch.distributed.broadcast(torch.ones(2), 0)", "torch.distributed.destroy_process_group()",
    "torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))", "torch._assert(False, 'no')",
    "torch.autocast('toaster')", "torch.autocast(3)", "torch.is_autocast_enabled('toaster')",
    "torch.amp.GradScaler('cpu', growth_factor=1.0)", "torch.amp.GradScaler('cpu', backoff_factor=1.0)",
    "torch.amp.GradScaler('cpu').update()", "torch.amp.GradScaler('cpu').scale(3)",
    "torch.amp.GradScaler('cpu').load_state_dict({})",
    "torch.amp.is_autocast_available('toaster')", "torch.multiprocessing.set_sharing_strategy('none')",
]  # fmt: skip


def load(package: ModuleType) -> None:
    """Import what PyTorch does not import by itself."""
    import importlib

    for name in ("multiprocessing", "distributed", "nn.parallel"):
        importlib.import_module(f"{package.__name__}.{name}")


@pytest.mark.parametrize("line", ANSWERS)
def test_answers(line: str) -> None:
    load(tg)
    answer = eval(line, {"torch": tg})
    if ANSWERS[line] is not None:
        assert answer == ANSWERS[line]


@pytest.mark.parametrize("line", ANSWERS)
def test_answers_are_pytorchs(line: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    load(torch)
    answer = eval(line, {"torch": torch})
    if ANSWERS[line] is not None:
        assert answer == ANSWERS[line]


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line: str) -> None:
    load(tg)
    with pytest.raises((RuntimeError, ValueError, AssertionError)):
        eval(line, {"torch": tg})


@pytest.mark.parametrize("line", REFUSED)
def test_refused_as_in_pytorch(line: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    load(torch)
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever it is
        eval(line, {"torch": torch})
    with pytest.raises(theirs.type):
        eval(line, {"torch": tg})


def test_names_that_are_left_out_say_what_to_do() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'sparse_coo_tensor'\. There are no sparse tensors"):
        _ = tg.sparse_coo_tensor
    with pytest.raises(AttributeError, match=r"no attribute 'onnx'\. Nothing is compiled or exported"):
        _ = tg.onnx
    with pytest.raises(AttributeError, match="CPU only"):
        _ = tg.cuda.nvtx
    with pytest.raises(RuntimeError, match="one process"):
        tg.distributed.init_process_group("gloo")
    with pytest.raises(RuntimeError, match="never done here"):
        tg.hub.load("pytorch/vision", "resnet18")
    with pytest.raises(RuntimeError, match="state_dict"):
        tg.jit.save(tg.nn.Linear(2, 1), "path")
    with pytest.raises(RuntimeError, match="never run here"):
        tg.jit.load("path")


def test_what_is_compiled_is_what_was_given() -> None:
    net = tg.nn.Linear(2, 1).eval()
    assert tg.jit.script(net) is net
    assert tg.jit.trace(net, tg.ones(1, 2)) is net
    assert tg.jit.freeze(net) is net

    @tg.jit.ignore
    def one() -> int:
        return 1

    @tg.jit.ignore(drop=True)
    def two() -> int:
        return 2

    assert (one(), two()) == (1, 2)


# --- mixed precision -----------------------------------------------------------------------------------------------


def test_autocast_says_that_it_is_on_and_changes_no_type() -> None:
    with tg.autocast("cpu", dtype=tg.float16):
        assert tg.is_autocast_enabled("cpu")
        assert tg.get_autocast_dtype("cpu") is tg.float16
        assert (tg.ones(2, 2) @ tg.ones(2, 2)).dtype is tg.float32
        with tg.autocast("cpu", enabled=False):
            assert not tg.is_autocast_enabled("cpu")
        assert tg.is_autocast_enabled("cpu")
    assert not tg.is_autocast_enabled("cpu")
    assert tg.get_autocast_dtype("cpu") is tg.bfloat16

    @tg.autocast("cpu")
    def inside() -> bool:
        return tg.is_autocast_enabled("cpu")

    assert inside()
    with pytest.raises(KeyError), tg.autocast("cpu"):
        raise KeyError
    assert not tg.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    "line",
    [
        "torch.autocast('cuda')", "torch.cuda.amp.autocast()", "torch.amp.GradScaler()", "torch.cuda.amp.GradScaler()",
        "torch.autocast('cpu', dtype=torch.float32)",
    ],
)  # fmt: skip
def test_warnings_are_pytorchs(line: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    found = []
    for package in (tg, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            eval(line, {"torch": package})
        found.append([(w.category, str(w.message)) for w in caught])
    assert found[0] == found[1]
    assert found[0]


def run_scaled(lib: Any) -> list[Any]:
    """Ten steps, some with infinite gradients, and all that the scaler says."""
    x = lib.tensor([1.0, -2.0], requires_grad=True)
    optimizer = lib.optim.SGD([x], lr=0.125)
    scaler = lib.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
    said: list[Any] = []
    for step in range(10):
        optimizer.zero_grad()
        factor = float("inf") if step in (4, 5) else 1.0
        loss, other = scaler.scale([(x * x).sum() * factor, x.sum()])
        (loss + other).backward()
        if step % 2:
            scaler.unscale_(optimizer)
            said.append(x.grad.tolist() if step != 5 else None)
            try:
                scaler.unscale_(optimizer)
            except RuntimeError as error:
                said.append(str(error)[:40])
        scaler.step(optimizer)
        try:
            scaler.step(optimizer)
        except RuntimeError as error:
            said.append(str(error)[:40])
        scaler.update()
        said.append([x.tolist(), scaler.get_scale(), scaler.state_dict()])
        if step == 7:
            state = scaler.state_dict()
            scaler = lib.amp.GradScaler("cpu")
            scaler.load_state_dict(state)
    scaler.scale(x.sum())
    scaler.update(2.0)
    said.append(scaler.get_scale())
    return said


def test_scaler() -> None:
    said = run_scaled(tg)
    scales = [entry[1] for entry in said if isinstance(entry, list) and len(entry) == 3]
    assert scales == [8.0, 8.0, 16.0, 16.0, 8.0, 4.0, 4.0, 4.0, 8.0, 8.0]
    assert said[-1] == 2.0


def test_scaler_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    assert run_scaled(tg) == run_scaled(torch)


def test_scaler_refuses_float16_gradients_before_it_changes_any() -> None:
    x, y = tg.ones(1, requires_grad=True), tg.ones(1, dtype=tg.float16, requires_grad=True)
    optimizer = tg.optim.SGD([x, y], lr=0.1)
    scaler = tg.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(x.sum() + y.sum()).backward()
    with pytest.raises(ValueError, match="FP16"):
        scaler.step(optimizer)
    assert x.grad is not None
    assert x.grad.item() == 4.0


# --- processes and downloads ---------------------------------------------------------------------------------------


def note(index: int, folder: str) -> None:
    """What each process does."""
    Path(folder, str(index)).write_text(str(tg.ones(2).sum().item()))


def fail(index: int) -> None:
    """What a process does that fails."""
    if index == 1:
        raise KeyError("the key")


def die(index: int) -> None:
    """What a process does that is killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_spawned_processes(tmp_path: Path) -> None:
    tg.multiprocessing.spawn(note, (str(tmp_path),), nprocs=2)
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["2.0", "2.0"]


def test_spawned_processes_that_fail() -> None:
    start = tg.multiprocessing.start_processes
    with pytest.raises(tg.multiprocessing.ProcessRaisedException, match=r"(?s)Process 1 terminated.*the key") as caught:
        start(fail, nprocs=2, start_method="fork")
    assert caught.value.error_index == 1
    with pytest.raises(tg.multiprocessing.ProcessExitedException, match="SIGKILL") as killed:
        start(die, start_method="fork")
    assert killed.value.exit_code == -signal.SIGKILL


def learn(net: tg.nn.Module) -> None:
    """Two steps, in another process."""
    optimizer = tg.optim.SGD(net.parameters(), lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        net(tg.ones(1, 2)).sum().backward()
        optimizer.step()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_forked_processes_train_a_module_that_is_shared() -> None:
    """Hogwild training: the parameters are where all processes see them."""
    net, alone = tg.nn.Linear(2, 1), tg.nn.Linear(2, 1)
    alone.load_state_dict(net.state_dict())
    assert net.share_memory().weight.is_shared()
    assert not alone.weight.is_shared()
    process = tg.multiprocessing.get_context("fork").Process(target=learn, args=(net,))
    process.start()
    process.join()
    assert process.exitcode == 0
    learn(alone)
    assert tg.equal(net.weight, alone.weight)
    assert tg.equal(net.bias, alone.bias)
    transposed = tg.arange(6.0).reshape(2, 3).t().share_memory_()
    assert (transposed.stride(), transposed.tolist()) == ((1, 3), [[0, 3], [1, 4], [2, 5]])
    assert tg.zeros(0, 2).share_memory_().is_shared()


def test_weights_from_the_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a server of this computer; cached, and compared with the checksum in the name."""
    import hashlib
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    tg.save({"weight": tg.arange(3.0)}, source / "net.pth")
    digest = hashlib.sha256((source / "net.pth").read_bytes()).hexdigest()
    good, bad = f"net-{digest[:8]}.pth", "net-00000000.pth"
    (source / "net.pth").rename(source / good)
    (source / bad).write_bytes((source / good).read_bytes())
    monkeypatch.setenv("TORCH_HOME", str(cache))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(source)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        state = tg.hub.load_state_dict_from_url(f"{url}/{good}", check_hash=True, map_location="cpu")
        assert state["weight"].tolist() == [0.0, 1.0, 2.0]
        with pytest.raises(RuntimeError, match="invalid hash value"):
            tg.hub.load_state_dict_from_url(f"{url}/{bad}", check_hash=True)
    finally:
        server.shutdown()
        server.server_close()
    assert [path.name for path in (cache / "hub" / "checkpoints").iterdir()] == [good]
    from tinygrad_nn.utils import model_zoo

    assert model_zoo.load_url(f"{url}/{good}")["weight"].numel() == 3  # from the cache: the server is gone
