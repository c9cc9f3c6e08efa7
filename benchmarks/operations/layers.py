"""Convolution, pooling, normalisation, resampling, and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.operations.elementwise import functional
from benchmarks.operations.inputs import (
    IMAGES,
    Array,
    Operation,
    images,
    labels,
    matrix,
    positive,
    probabilities,
    row_signs,
    sequences,
    signs,
    weights,
)


def grid(rng: np.random.Generator, size: int) -> Array:
    """For each place of an image, another."""
    count, _, height, width = IMAGES[size]
    return rng.uniform(-1, 1, (count, height, width, 2)).astype(np.float32)


def normalised(name: str) -> Any:
    """A normalisation of the last dimension."""
    return lambda torch, x: getattr(torch.nn.functional, name)(x, x.shape[-1:])


def batch_norm_of_evaluation(torch: Any, x: Any) -> Any:
    """With the moments given."""
    channels = x.shape[1]
    return torch.nn.functional.batch_norm(x, torch.zeros(channels), torch.ones(channels))


def depthwise(torch: Any, x: Any, weight: Any) -> Any:
    """Each channel by itself."""
    return torch.nn.functional.conv2d(x, weight, padding=1, groups=x.shape[1])


def conv3d(torch: Any, x: Any, weight: Any) -> Any:
    """Of four images behind each other."""
    return torch.nn.functional.conv3d(x[:, :, None].repeat(1, 1, 4, 1, 1), weight, padding=1)


def of_given(name: str, **options: Any) -> Any:
    """A loss whose second tensor wants no gradient."""
    return lambda torch, x, y: getattr(torch.nn.functional, name)(x, y.detach(), **options)


OPERATIONS: dict[str, Operation] = {
    "conv2d/3": Operation(functional("conv2d", padding=1), (images, weights(16, 3, 3))),
    "conv2d/1": Operation(functional("conv2d"), (images, weights(16, 1, 1))),
    "conv2d/5": Operation(functional("conv2d", padding=2), (images, weights(8, 5, 5))),
    "conv2d/3/stride2": Operation(functional("conv2d", stride=2, padding=1), (images, weights(16, 3, 3))),
    "conv2d/4/stride2": Operation(functional("conv2d", stride=2, padding=1), (images, weights(16, 4, 4))),
    "conv2d/3/dilation2": Operation(functional("conv2d", padding=2, dilation=2), (images, weights(16, 3, 3))),
    "conv2d/depthwise": Operation(depthwise, (images, weights(0, 3, 3, separate=True))),
    "conv_transpose2d/3": Operation(functional("conv_transpose2d"), (images, weights(8, 3, 3, transposed=True))),
    "conv_transpose2d/4/stride2": Operation(
        functional("conv_transpose2d", stride=2, padding=1), (images, weights(8, 4, 4, transposed=True))
    ),
    "conv1d/3": Operation(functional("conv1d", padding=1), (sequences, weights(16, 3))),
    "conv1d/1": Operation(functional("conv1d"), (sequences, weights(16, 1))),
    "conv1d/3/dilation4": Operation(functional("conv1d", padding=4, dilation=4), (sequences, weights(16, 3))),
    "conv_transpose1d": Operation(
        functional("conv_transpose1d", stride=2), (sequences, weights(8, 4, transposed=True))
    ),
    "conv3d": Operation(conv3d, (images, weights(4, 3, 3, 3))),
    "unfold": Operation(functional("unfold", kernel_size=3), (images,)),
    "avg_pool2d/2": Operation(functional("avg_pool2d", kernel_size=2), (images,)),
    "avg_pool2d/3/stride1": Operation(functional("avg_pool2d", kernel_size=3, stride=1, padding=1), (images,)),
    "max_pool2d/2": Operation(functional("max_pool2d", kernel_size=2), (images,)),
    "max_pool2d/3/stride2": Operation(functional("max_pool2d", kernel_size=3, stride=2, padding=1), (images,)),
    "max_pool2d/3/stride1": Operation(functional("max_pool2d", kernel_size=3, stride=1, padding=1), (images,)),
    "max_pool1d": Operation(functional("max_pool1d", kernel_size=2), (sequences,)),
    "avg_pool1d": Operation(functional("avg_pool1d", kernel_size=2), (sequences,)),
    "lp_pool2d": Operation(functional("lp_pool2d", norm_type=2, kernel_size=2), (images,)),
    "adaptive_avg_pool2d/1": Operation(functional("adaptive_avg_pool2d", output_size=1), (images,)),
    "adaptive_avg_pool2d/5": Operation(functional("adaptive_avg_pool2d", output_size=5), (images,)),
    "adaptive_max_pool2d/1": Operation(functional("adaptive_max_pool2d", output_size=1), (images,)),
    "adaptive_max_pool2d/5": Operation(functional("adaptive_max_pool2d", output_size=5), (images,)),
    "interpolate/nearest": Operation(functional("interpolate", scale_factor=2), (images,)),
    "interpolate/bilinear": Operation(functional("interpolate", scale_factor=2, mode="bilinear"), (images,)),
    "interpolate/smaller": Operation(functional("interpolate", size=(7, 7), mode="bilinear"), (images,)),
    "grid_sample": Operation(functional("grid_sample", align_corners=False), (images, grid), 1e-3),
    "pixel_shuffle": Operation(functional("pixel_shuffle", upscale_factor=2), (images,)),
    "layer_norm": Operation(normalised("layer_norm"), (matrix,), 1e-3),
    "rms_norm": Operation(normalised("rms_norm"), (matrix,), 1e-3),
    "group_norm": Operation(functional("group_norm", num_groups=2), (images,), 1e-3),
    "instance_norm": Operation(functional("instance_norm"), (images,), 1e-3),
    "batch_norm": Operation(
        lambda torch, x: torch.nn.functional.batch_norm(x, None, None, training=True), (matrix,), 1e-3
    ),
    "batch_norm/evaluation": Operation(batch_norm_of_evaluation, (images,)),
    "local_response_norm": Operation(functional("local_response_norm", size=3), (images,)),
    "mse_loss": Operation(functional("mse_loss"), (matrix, matrix)),
    "l1_loss": Operation(functional("l1_loss"), (matrix, matrix)),
    "smooth_l1_loss": Operation(functional("smooth_l1_loss"), (matrix, matrix)),
    "huber_loss": Operation(functional("huber_loss"), (matrix, matrix)),
    "binary_cross_entropy": Operation(of_given("binary_cross_entropy"), (probabilities, probabilities)),
    "binary_cross_entropy_with_logits": Operation(
        of_given("binary_cross_entropy_with_logits"), (matrix, probabilities)
    ),
    "kl_div": Operation(of_given("kl_div", reduction="batchmean"), (matrix, probabilities)),
    "cross_entropy": Operation(functional("cross_entropy"), (matrix, labels)),
    "cross_entropy/smooth": Operation(functional("cross_entropy", label_smoothing=0.1), (matrix, labels)),
    "cross_entropy/probabilities": Operation(of_given("cross_entropy"), (matrix, probabilities)),
    "nll_loss": Operation(functional("nll_loss"), (matrix, labels)),
    "margin_ranking_loss": Operation(functional("margin_ranking_loss"), (matrix, matrix, signs)),
    "triplet_margin_loss": Operation(functional("triplet_margin_loss"), (matrix, matrix, matrix)),
    "gaussian_nll_loss": Operation(functional("gaussian_nll_loss"), (matrix, matrix, positive)),
    "poisson_nll_loss": Operation(functional("poisson_nll_loss"), (matrix, positive)),
    "cosine_embedding_loss": Operation(functional("cosine_embedding_loss"), (matrix, matrix, row_signs)),
    "hinge_embedding_loss": Operation(functional("hinge_embedding_loss"), (matrix, signs)),
    "soft_margin_loss": Operation(
        lambda torch, x, y: torch.nn.functional.soft_margin_loss(x, y.float()), (matrix, signs)
    ),
    "multi_margin_loss": Operation(functional("multi_margin_loss"), (matrix, labels)),
}
OPERATIONS["dropout/channels"] = Operation(functional("dropout2d", p=0.3), (images,))
