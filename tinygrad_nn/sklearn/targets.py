"""Classes as numbers, and numbers as classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from .data import Array, dense


class ClassTargets:
    """What classifiers share: which classes there are, and targets as their numbers.

    Attributes:
        classes_: the classes; or, with several labels for an example, the labels' numbers.
    """

    classes_: Array
    _has_labels: bool  # several for each example
    warm_start: bool

    def _know_classes(self, y: Any, classes: Any) -> None:
        """Note the classes in the first call of `partial_fit`, and compare them in the others."""
        if getattr(self, "classes_", None) is None:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = unique_labels(classes)
            self._has_labels = type_of_target(y).startswith("multilabel")
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )

    def _encode(self, y: Any, incremental: bool) -> Array:
        """The number of each example's class, (N,); or, with several labels, 0 and 1 for each, (N, labels).

        The classes are noted, or compared with those that are known.
        """
        check_classification_targets(y)
        classes = unique_labels(y)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._has_labels = type_of_target(y).startswith("multilabel")
            self.classes_ = classes
        else:
            self._compare_classes(classes)
        if self._has_labels:
            return dense(y).astype(np.int64)
        return np.searchsorted(self.classes_, y).astype(np.int64)

    def _compare_classes(self, classes: Array) -> None:
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _decode(self, probabilities: Array) -> Array:
        """The most likely class of each example, of (N, classes); or the labels that are likelier than not."""
        if self._has_labels:
            return (probabilities > 0.5).astype(np.int64)
        decoded: Array = self.classes_[probabilities[:, : len(self.classes_)].argmax(axis=1)]
        return decoded
