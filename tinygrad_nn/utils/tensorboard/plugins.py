"""What TensorBoard's plugins show: curves of precision and recall, and tables of hyper-parameters.

Source: https://github.com/tensorflow/tensorboard/tree/master/tensorboard/plugins
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..._core.tensor import Tensor
from . import wire
from .values import FLOAT, as_array, metadata, tensor, value

Array = np.ndarray[Any, Any]

_MOST_THRESHOLDS = 127  # more do not fit into the plugin's format


# --- precision and recall ----------------------------------------------------------------------------------------


def pr_curve(tag: str, labels: Any, predictions: Any, thresholds: int, weights: Any) -> bytes:
    """Precision and recall for evenly spaced thresholds from 0 to 1."""
    count = min(thresholds, _MOST_THRESHOLDS)
    true, scores = as_array(labels).astype(np.float64), as_array(predictions)
    each = 1.0 if weights is None else as_array(weights)
    places = np.floor(scores * (count - 1)).astype(np.int32)

    def beyond(weight: Array) -> Array:
        """The sum of the weights at each threshold and beyond."""
        sums = np.histogram(places, bins=count, range=(0, count - 1), weights=weight)[0]
        return np.cumsum(sums[::-1])[::-1]

    tp, fp = beyond(true * each), beyond((1.0 - true) * each)
    tn, fn = fp[0] - fp, tp[0] - tp
    precision, recall = (tp / np.maximum(1e-7, tp + other) for other in (fp, fn))
    return pr_curve_raw(tag, (tp, fp, tn, fn, precision, recall), count)


def pr_curve_raw(tag: str, rows: Sequence[Any], thresholds: int) -> bytes:
    """The same from numbers that are known: true and false positives and negatives, precision and recall."""
    data = np.stack([as_array(row) for row in rows])  # (6, thresholds)
    content = wire.integer(2, min(thresholds, _MOST_THRESHOLDS))
    elements = wire.reals(5, data.reshape(-1), False)
    return value(tag, tensor(FLOAT, elements, data.shape), metadata("pr_curves", content))


# --- hyper-parameters --------------------------------------------------------------------------------------------

_STRING, _NUMBER = 1, 3  # the plugin's types
_SUCCESS = 1


def hparams(
    given: Mapping[str, Any], results: Mapping[str, Any], domains: Mapping[str, Sequence[Any]] | None
) -> tuple[bytes, bytes, bytes]:
    """The three events of a run: what is varied and measured, with which values it started, and that it ended.

    Raises:
        TypeError: a domain is no list of the parameter's own type.
        ValueError: a value is neither a number, text nor bool.
    """
    domains = domains or {}
    if not isinstance(domains, dict):
        raise TypeError("parameter: hparam_domain_discrete should be a dictionary, nothing logged.")
    for name, domain in domains.items():
        kind = type(given.get(name))
        if name not in given or not isinstance(domain, list) or not all(isinstance(item, kind) for item in domain):
            raise TypeError(
                f"parameter: hparam_domain_discrete[{name}] should be a list of same type as hparam_dict[{name}]."
            )
    known = {name: _plain(item) for name, item in given.items() if item is not None}
    infos = [
        wire.message(4, wire.blob(1, name), wire.integer(4, _kind(item)), _domain(domains.get(name)))
        for name, item in known.items()
    ]
    metrics = [wire.message(5, wire.message(1, wire.blob(2, name))) for name in results]
    values = [wire.message(1, wire.blob(1, name), wire.message(2, _value(item))) for name, item in known.items()]
    return (
        _session("_hparams_/experiment", wire.message(2, *infos, *metrics)),
        _session("_hparams_/session_start_info", wire.message(3, *values)),
        _session("_hparams_/session_end_info", wire.message(4, wire.integer(1, _SUCCESS))),
    )


def _session(tag: str, content: bytes) -> bytes:
    return value(tag, metadata("hparams", content))


def _plain(item: Any) -> float | str:
    """A number or text. PyTorch takes a bool for a number, as Python does."""
    if isinstance(item, Tensor):
        return float(as_array(item).reshape(-1)[0])
    if not isinstance(item, int | float | str):
        raise ValueError(f"value should be one of int, float, str, bool, or torch.Tensor, got {type(item).__name__}")
    return item


def _kind(item: Any) -> int:
    return _STRING if isinstance(item, str) else _NUMBER


def _value(item: Any) -> bytes:
    return wire.blob(3, item, one_of=True) if isinstance(item, str) else wire.double(2, float(item), one_of=True)


def _domain(domain: Sequence[Any] | None) -> bytes:
    return b"" if domain is None else wire.message(5, *(wire.message(1, _value(item)) for item in domain))
