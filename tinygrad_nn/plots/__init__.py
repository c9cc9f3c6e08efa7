"""Pictures of a training and of what came out of it. They are drawn with matplotlib, which is imported for the first.

    from tinygrad_nn import plots
    plots.history(trainer.fit(x, y, epochs=20))
    plots.confusion_matrix(matrix, names=["cat", "dog"])

A function that draws one picture takes the ``ax`` to draw into, or makes a figure of its own, and returns the Axes. One
that draws several takes a ``figure``, or a subfigure, and returns it. In a program, ``matplotlib.pyplot.show()`` shows
them; ``ax.figure.savefig("picture.png")`` writes a file.
"""

from __future__ import annotations

from .bars import gradient_flow, probabilities
from .boundary import decision_boundary
from .curves import curve, history
from .grids import examples, mistakes, weights
from .matrix import confusion_matrix

__all__ = [
    "confusion_matrix", "curve", "decision_boundary", "examples", "gradient_flow", "history", "mistakes",
    "probabilities", "weights",
]  # fmt: skip
