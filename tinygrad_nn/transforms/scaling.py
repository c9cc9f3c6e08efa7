"""Scaling of numbers, learned from the training data alone and then applied to all.

Source: https://scikit-learn.org/stable/modules/preprocessing.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor, wrap


class _Scaler:
    """What scalers have in common: `fit` to the training data, then `transform` any data."""

    _learned: tuple[str, ...] = ()  # the names of what `fit` sets

    def __init__(self, dim: int | tuple[int, ...] = 0) -> None:
        self.dim = dim

    def fit(self, data: Any) -> Any:
        """Learn the scale from data, which should be the training data only. Returns the scaler itself."""
        raise NotImplementedError

    def _offset_and_scale(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """What is taken away, and by what the rest is divided."""
        raise NotImplementedError

    def fit_transform(self, data: Any) -> Any:
        """`fit` to the data, and `transform` them."""
        return self.fit(data).transform(data)

    def transform(self, data: Any) -> Any:
        """The data in the learned scale: of their own type where that is a floating point one, else float32.

        Raises:
            RuntimeError: nothing has been learned yet.
            ValueError: the data have other columns.
        """
        offset, scale = self._learned_scale(data)
        return _applied(data, lambda values: (values - offset.astype(values.dtype)) / scale.astype(values.dtype))

    def inverse_transform(self, data: Any) -> Any:
        """The data in their first scale again.

        Raises:
            RuntimeError: nothing has been learned yet.
            ValueError: the data have other columns.
        """
        offset, scale = self._learned_scale(data)
        return _applied(data, lambda values: values * scale.astype(values.dtype) + offset.astype(values.dtype))

    def __call__(self, data: Any) -> Any:
        return self.transform(data)

    def _learned_scale(self, data: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        if not hasattr(self, self._learned[0]):
            raise RuntimeError(
                f"This {type(self).__name__} has learned nothing yet. Call fit(training_data) first, with the training "
                "data only: what is known of the test data must not enter."
            )
        offset, scale = self._offset_and_scale()
        try:
            np.broadcast_shapes(offset.shape, data.shape)
        except ValueError:
            raise ValueError(
                f"{type(self).__name__}: learned from data with columns {list(offset.shape)}, got data of shape "
                f"{list(data.shape)}"
            ) from None
        return offset, scale

    def state_dict(self) -> dict[str, Tensor]:
        """What has been learned, as tensors, to be saved with a model."""
        return {name: wrap(np.array(getattr(self, name))) for name in self._learned if hasattr(self, name)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what another one has learned.

        Raises:
            KeyError: something is missing.
        """
        missing = next((name for name in self._learned if name not in state_dict), None)
        if missing is not None:
            raise KeyError(f"{type(self).__name__}.load_state_dict(): {missing!r} is missing")
        for name in self._learned:
            setattr(self, name, np.array(_values(state_dict[name])))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(dim={self.dim})"


class StandardScaler(_Scaler):
    """Numbers less their mean, by their standard deviation. Columns without deviation become 0.

    ``fit`` learns from the training data; ``transform`` applies the same to the test data.

    Args:
        dim: the dimensions over which mean and deviation are taken: 0 for each column by itself; ``(0, 1, 2)`` for one
            scale for all of a stack of images; 1 for each row by itself, such as each image.

    Attributes:
        mean: what was learned, in float64.
        scale: the standard deviation, with 1 where there is none.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.transforms import StandardScaler
        >>> scaler = StandardScaler().fit(tg.tensor([[0.0, 5.0], [2.0, 5.0]]))
        >>> scaler.transform(tg.tensor([[4.0, 5.0]]))
        tensor([[3., 0.]])
    """

    _learned = ("mean", "scale")
    mean: np.ndarray[Any, Any]
    scale: np.ndarray[Any, Any]

    def fit(self, data: Any) -> StandardScaler:
        """Learn mean and deviation from data, which should be the training data only.

        Raises:
            ValueError: there are no data.
        """
        values = _some(data, self)
        self.mean = values.mean(self.dim, np.float64, keepdims=True)
        deviation = values.std(self.dim, np.float64, keepdims=True)
        # of equal numbers, rounding leaves a deviation of a few last places of the mean
        rounding = 10 * np.finfo(np.float64).eps * np.abs(self.mean)
        self.scale = np.where(deviation > rounding, deviation, 1.0)
        return self

    def _offset_and_scale(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        return self.mean, self.scale


class MinMaxScaler(_Scaler):
    """Numbers between two bounds: the least of the training data becomes the one, the most the other.

    Args:
        feature_range: the bounds.
        dim: the dimensions over which the least and the most are taken; see `StandardScaler`.

    Attributes:
        data_min, data_max: what was learned, in float64.

    Raises:
        ValueError: the bounds are in the wrong order.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MinMaxScaler.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.transforms import MinMaxScaler
        >>> scaler = MinMaxScaler().fit(tg.tensor([[0.0], [4.0]]))
        >>> scaler.transform(tg.tensor([[1.0], [8.0]]))
        tensor([[0.2500],
                [2.0000]])
    """

    _learned = ("data_min", "data_max")
    data_min: np.ndarray[Any, Any]
    data_max: np.ndarray[Any, Any]

    def __init__(self, feature_range: tuple[float, float] = (0.0, 1.0), dim: int | tuple[int, ...] = 0) -> None:
        super().__init__(dim)
        if feature_range[0] >= feature_range[1]:
            raise ValueError(f"Minimum of desired feature range must be smaller than maximum. Got {feature_range}.")
        self.feature_range = feature_range

    def fit(self, data: Any) -> MinMaxScaler:
        """Learn the least and the most of data, which should be the training data only.

        Raises:
            ValueError: there are no data.
        """
        values = _some(data, self)
        self.data_min = values.min(self.dim, keepdims=True).astype(np.float64)
        self.data_max = values.max(self.dim, keepdims=True).astype(np.float64)
        return self

    def _offset_and_scale(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        low, high = self.feature_range
        spread = self.data_max - self.data_min
        scale = np.where(spread > 0, spread, 1.0) / (high - low)
        return self.data_min - low * scale, scale

    def __repr__(self) -> str:
        return f"{type(self).__name__}(feature_range={self.feature_range}, dim={self.dim})"


def _values(data: Any) -> np.ndarray[Any, Any]:
    return data.detach()._array if isinstance(data, Tensor) else np.asarray(data)


def _some(data: Any, scaler: _Scaler) -> np.ndarray[Any, Any]:
    values = _values(data)
    if values.dtype.kind not in "biuf" or not values.size:
        raise ValueError(f"{type(scaler).__name__}.fit(): expected numbers, got {values.dtype} of shape {values.shape}")
    return values


def _applied(data: Any, function: Any) -> Any:
    """The function's result for data of a floating point type: tensors give tensors, arrays give arrays."""
    if isinstance(data, Tensor) and data.requires_grad:
        raise RuntimeError("scalers do not record gradients: scale data before they need one, or write x.detach()")
    values = _values(data)
    result = function(values if values.dtype.kind == "f" else values.astype(np.float32))
    return wrap(result) if isinstance(data, Tensor) else result
