# TEMPORARY while the families are being written: explicit names come at the end.
import importlib
import pathlib

_here = pathlib.Path(__file__).parent
for _name in ("shape", "join", "index", "cast", "arithmetic", "exponential", "trigonometric", "comparison", "activation",
              "reduce", "extremes", "scan", "statistics", "norms", "linalg", "linear_layer", "softmax", "loss", "probability_loss", "classification", "sparse", "dropout", "creation", "random"):
    if (_here / f"{_name}.py").exists():
        _module = importlib.import_module(f".{_name}", __package__)
        for _key, _value in vars(_module).items():
            if not _key.startswith("_") and callable(_value) and (getattr(_value, "__module__", "") or "").startswith("tinygrad_nn.ops"):
                globals()[_key] = _value
