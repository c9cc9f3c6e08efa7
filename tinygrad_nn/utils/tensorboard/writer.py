"""Event files that TensorBoard shows, under PyTorch's names.

Source: https://docs.pytorch.org/docs/stable/tensorboard.html
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from . import graph, plugins, projector, values, wire
from .pictures import drawn
from .records import EventFile


def _default_bins() -> np.ndarray[Any, Any]:
    """Bins whose limits grow by a tenth, from 1e-12 to 1e20, and the same with a minus."""
    limits, limit = [], 1e-12
    while limit < 1e20:
        limits.append(limit)
        limit *= 1.1
    return np.array([*(-limit for limit in reversed(limits)), 0.0, *limits])


class SummaryWriter:
    """Writes numbers, histograms, pictures and texts to files that TensorBoard shows.

    Neither TensorFlow nor TensorBoard has to be installed to write them. To see them: ``pip install tensorboard``, then
    ``tensorboard --logdir runs``.

    Args:
        log_dir: the folder; a new one in ``runs``, named after the time and the machine, if None.
        comment: is added to that name.
        purge_step: hide what an earlier run has written for this step and later ones: it was interrupted, and this one
            goes on from there.
        max_queue: after so many events they go to the file.
        flush_secs: after so many seconds they do, when the next one comes.
        filename_suffix: the end of the file's name.

    All methods take ``global_step``, the place on the horizontal axis, and ``walltime``, the time of the event in
    seconds since 1970, which is now if None. Values are tensors, arrays or numbers.

    Source: https://docs.pytorch.org/docs/stable/tensorboard.html

    Example:
        >>> import os, tempfile
        >>> from tinygrad_nn.utils.tensorboard import SummaryWriter
        >>> folder = tempfile.TemporaryDirectory()
        >>> with SummaryWriter(folder.name) as writer:
        ...     for step in range(3):
        ...         writer.add_scalar("loss", 1 / (step + 1), step)
        >>> [name[:19] for name in os.listdir(folder.name)]
        ['events.out.tfevents']
        >>> folder.cleanup()
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            log_dir = os.path.join("runs", f"{datetime.now():%b%d_%H-%M-%S}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.default_bins = _default_bins()
        self._files: dict[str, EventFile] = {}
        self._embeddings: list[str] = []
        self._main()

    def _open(self, folder: str) -> EventFile:
        """The file of a folder, a new one if there is none that is open."""
        if folder not in self._files:
            self._files[folder] = EventFile(folder, self.max_queue, self.flush_secs, self.filename_suffix)
        return self._files[folder]

    def _main(self) -> EventFile:
        is_new = self.log_dir not in self._files
        file = self._open(self.log_dir)
        if is_new and self.purge_step is not None:
            file.write(wire.blob(3, "brain.Event:2"), time.time(), self.purge_step)
            file.write(wire.message(7, wire.integer(1, 1)), time.time(), self.purge_step)  # the log of a session: START
            self.purge_step = None
        return file

    def _add(self, content: bytes, step: int | None, walltime: float | None) -> None:
        self._main().write(content, time.time() if walltime is None else walltime, step)

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    # --- numbers ----------------------------------------------------------------------------------------------------

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """Add a number to the curve of this name.

        Args:
            tag: the name.
            scalar_value: the number.
            global_step, walltime: when.
            new_style: write it as a tensor.
            double_precision: as one of float64, if it is in the new style.

        Raises:
            AssertionError: it has more than one element.
        """
        self._add(values.scalar(tag, scalar_value, new_style, double_precision), global_step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add numbers to several curves in one chart: each has a folder of its own, as if it were another run.

        Args:
            main_tag: the name of the chart.
            tag_scalar_dict: the numbers, by the names of their curves.
            global_step, walltime: when.
        """
        walltime = time.time() if walltime is None else walltime
        self._main()
        main_folder = main_tag.replace("/", "_")
        for tag, number in tag_scalar_dict.items():
            file = self._open(f"{self.log_dir}/{main_folder}_{tag}")
            file.write(values.scalar(main_tag, number), walltime, global_step)

    def add_tensor(
        self, tag: str, tensor: Any, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Add a whole tensor.

        Raises:
            ValueError: it is too large, or of a type that the format lacks.
        """
        self._add(values.any_tensor(tag, tensor), global_step, walltime)

    def add_histogram(
        self, tag: str, values: Any, global_step: int | None = None, bins: Any = "tensorflow",
        walltime: float | None = None, max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """Add a histogram of a tensor's elements.

        Args:
            tag: its name.
            values: the tensor.
            global_step, walltime: when.
            bins: what ``numpy.histogram`` takes; "tensorflow" stands for bins that grow with their distance from 0.
            max_bins: the most bins.

        Raises:
            ValueError: there are no elements.
        """
        limits = self.default_bins if isinstance(bins, str) and bins == "tensorflow" else bins
        self._add(_histogram(tag, values, limits, max_bins), global_step, walltime)

    def add_histogram_raw(
        self, tag: str, min: float, max: float, num: float, sum: float, sum_squares: float, bucket_limits: Any,
        bucket_counts: Any, global_step: int | None = None, walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a histogram that has been made already.

        Args:
            tag: its name.
            min, max, num, sum, sum_squares: the least and the greatest value, their number, sum, and sum of squares.
            bucket_limits: where each bin ends.
            bucket_counts: how many values lie in it.
            global_step, walltime: when.

        Raises:
            ValueError: there are not as many limits as counts.
        """
        content = values.histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._add(content, global_step, walltime)

    # --- pictures, sounds and text ----------------------------------------------------------------------------------

    def add_image(
        self, tag: str, img_tensor: Any, global_step: int | None = None, walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:  # fmt: skip
        """Add a picture.

        Args:
            tag: its name.
            img_tensor: the picture, from 0 to 1, or from 0 to 255 if its dtype is uint8.
            global_step, walltime: when.
            dataformats: a letter for each of its dimensions.

        Raises:
            AssertionError: there are more or fewer letters than dimensions.
        """
        self._add(values.image(tag, img_tensor, dataformats), global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: int | None = None, walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        """Add pictures, eight in a row. See `add_image`."""
        self._add(values.image(tag, img_tensor, dataformats), global_step, walltime)

    def add_figure(
        self, tag: str, figure: Any, global_step: int | None = None, close: bool = True, walltime: float | None = None
    ) -> None:
        """Add a figure of Matplotlib's, or a list of them.

        Args:
            tag: its name.
            figure: the figure.
            global_step, walltime: when.
            close: close it afterwards.
        """
        if isinstance(figure, list):
            self.add_images(tag, np.stack([drawn(each, close) for each in figure]), global_step, walltime)
        else:
            self.add_image(tag, drawn(figure, close), global_step, walltime)

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: int | None = None, sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a sound.

        Args:
            tag: its name.
            snd_tensor: the sound, (1, length), from -1 to 1.
            global_step, walltime: when.
            sample_rate: the numbers in a second.
        """
        self._add(values.audio(tag, snd_tensor, sample_rate), global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Add a text, which is shown as Markdown."""
        self._add(values.text(tag, text_string), global_step, walltime)

    # --- what plugins show ------------------------------------------------------------------------------------------

    def add_pr_curve(
        self, tag: str, labels: Any, predictions: Any, global_step: int | None = None, num_thresholds: int = 127,
        weights: Any = None, walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a curve of precision and recall.

        Args:
            tag: its name.
            labels: 0 or 1 for each example.
            predictions: the probability of 1.
            global_step, walltime: when.
            num_thresholds: how many points it has.
            weights: how much each example counts.
        """
        self._add(plugins.pr_curve(tag, labels, predictions, num_thresholds, weights), global_step, walltime)

    def add_pr_curve_raw(
        self, tag: str, true_positive_counts: Any, false_positive_counts: Any, true_negative_counts: Any,
        false_negative_counts: Any, precision: Any, recall: Any, global_step: int | None = None,
        num_thresholds: int = 127, weights: Any = None, walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a curve of precision and recall from numbers that are known, one for each threshold."""
        counts = true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts
        self._add(plugins.pr_curve_raw(tag, (*counts, precision, recall), num_thresholds), global_step, walltime)

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Say which curves stand in one chart.

        Args:
            layout: ``{category: {chart: ["Multiline", names of curves]}}``, or ``["Margin", [middle, lower, upper]]``.
        """
        self._add(values.custom_scalars(layout), None, None)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Put several curves in one chart. See `add_custom_scalars`."""
        self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Show a curve with a margin, from three names: the middle, the lower and the upper one."""
        self.add_custom_scalars({category: {title: ["Margin", tags]}})

    def add_hparams(
        self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any],
        hparam_domain_discrete: dict[str, list[Any]] | None = None, run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:  # fmt: skip
        """Add a line to the table of hyper-parameters and results.

        Args:
            hparam_dict: numbers and texts by the names of the hyper-parameters.
            metric_dict: results by name; these names should not be used by `add_scalar`, too.
            hparam_domain_discrete: all values that a hyper-parameter can have.
            run_name: the name of the line's folder; the time if None.
            global_step: when.

        Raises:
            TypeError: one of the arguments is no dictionary.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        events = plugins.hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        with SummaryWriter(os.path.join(self.log_dir, run_name or str(time.time()))) as writer:
            for event in events:
                writer._add(event, global_step, None)
            for name, result in metric_dict.items():
                writer.add_scalar(name, result, global_step)

    def add_embedding(
        self, mat: Any, metadata: Sequence[Any] | None = None, label_img: Any = None, global_step: int | None = None,
        tag: str = "default", metadata_header: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Add vectors for the projector, which shows them in three dimensions.

        Args:
            mat: a vector in each row.
            metadata: a label for each; or several, then with ``metadata_header``.
            label_img: a picture for each (N, C, H, W).
            global_step: when.
            tag: their name.
            metadata_header: the names of the labels.

        Raises:
            AssertionError: there are not as many labels or pictures as vectors.
        """
        step = 0 if global_step is None else int(global_step)
        folder = f"{step:05}/{projector.encoded(tag)}"
        projector.write_vectors(self.log_dir, folder, values.as_array(mat), metadata, metadata_header, label_img)
        self._embeddings.append(projector.entry(folder, tag, step, metadata is not None, label_img))
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w", encoding="utf-8", newline="\n") as file:
            file.writelines(self._embeddings)

    def add_graph(self, model: Any, input_to_model: Any = None, verbose: bool = False,
                  use_strict_trace: bool = True) -> None:  # fmt: skip
        """Add the graph of a model, whose layers can be opened in TensorBoard. `debug.draw` draws one, too.

        Args:
            model: the module. It is called once, in evaluation mode.
            input_to_model: what with: a tensor, or a tuple of several.
            verbose: print the graph, too.
            use_strict_trace: accepted and ignored.
        """
        vertices = graph.graph_of(model, input_to_model)
        if verbose:
            print(*(f"{v.name}: {v.kind}({', '.join(v.inputs)})" for v in vertices), sep="\n")
        self._add(graph.encoded(vertices), None, None)

    # --- the files --------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand all events to the system, so that TensorBoard sees them."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Write what is left, and close the files. Adding something afterwards begins a new one."""
        while self._files:
            self._files.popitem()[1].close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


_histogram = values.histogram  # which the method's own argument hides
