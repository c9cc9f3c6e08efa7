"""Losses: every one with every way to reduce it, and its options."""

from __future__ import annotations

import numpy as np

from .table import Input, integers, layer, normal, refused, uniform

REDUCTIONS = ("mean", "sum", "none")
SIGNS = np.array([1, -1, 1, -1])
CONSTANT = {"gradient": False}


def targets(*shape: int) -> Input:
    """Numbers between 0 and 1 with respect to which no gradient is asked for."""
    return uniform(*shape, gradient=False)


# --- element by element ------------------------------------------------------------------------------------------

for _reduction in REDUCTIONS:
    for _name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"):
        layer(f"nn.{_name}(reduction='{_reduction}')", normal(4, 3), normal(4, 3))
    layer(f"nn.SmoothL1Loss(reduction='{_reduction}', beta=0.25)", normal(4, 3), normal(4, 3))
    layer(f"nn.HuberLoss('{_reduction}', 2.0)", normal(4, 3), normal(4, 3))
    layer(f"nn.BCELoss(reduction='{_reduction}')", uniform(4, 3, low=0.1, high=0.9), targets(4, 3))
    layer(
        f"nn.BCELoss(weight=torch.tensor([1.0, 2.0, 0.5]), reduction='{_reduction}')",
        uniform(4, 3, low=0.1, high=0.9), targets(4, 3),
    )  # fmt: skip
    layer(f"nn.BCEWithLogitsLoss(reduction='{_reduction}')", normal(4, 3), targets(4, 3))
    layer(f"nn.BCEWithLogitsLoss(torch.tensor([1.0, 2.0, 0.5]), reduction='{_reduction}')", normal(4, 3), targets(4, 3))
    layer(
        f"nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 0.5]), reduction='{_reduction}')",
        normal(4, 3), targets(4, 3),
    )  # fmt: skip
    layer(f"nn.PoissonNLLLoss(reduction='{_reduction}')", normal(4, 3), targets(4, 3))
    layer(f"nn.PoissonNLLLoss(full=True, reduction='{_reduction}')", normal(4, 3), uniform(4, 3, high=5.0, **CONSTANT))
    layer(f"nn.GaussianNLLLoss(reduction='{_reduction}')", normal(4, 3), normal(4, 3), uniform(4, 3, low=0.1))
    layer(f"nn.GaussianNLLLoss(full=True, reduction='{_reduction}')",
          normal(4, 3), normal(4, 3), uniform(4, 1, low=0.1))  # fmt: skip
for _reduction in (*REDUCTIONS, "batchmean"):
    layer(f"nn.KLDivLoss(reduction='{_reduction}')", normal(4, 3), targets(4, 3))
    layer(f"nn.KLDivLoss(reduction='{_reduction}', log_target=True)", normal(4, 3), normal(4, 3))
layer("nn.MSELoss()", normal(4, 1), normal(4))
layer("nn.MSELoss(size_average=False)", normal(4, 3), normal(4, 3))
layer("nn.L1Loss(reduce=False)", normal(4, 3), normal(4, 3))
layer("nn.L1Loss(reduction='elementwise_mean')", normal(4, 3), normal(4, 3))
layer("nn.SmoothL1Loss(beta=0.0)", normal(4, 3), normal(4, 3))
layer("nn.PoissonNLLLoss(log_input=False, eps=1e-4)", uniform(4, 3, low=0.1), targets(4, 3))
layer("nn.GaussianNLLLoss(eps=0.5)", normal(4, 3), normal(4, 3), uniform(4))
layer("nn.GaussianNLLLoss()", normal(4, 3), normal(4, 3), 0.5)

# --- classes -----------------------------------------------------------------------------------------------------

WEIGHT = "weight=torch.tensor([1.0, 2.0, 0.5, 3.0])"
for _reduction in REDUCTIONS:
    for _options in (
        "", f"{WEIGHT}, ", "ignore_index=1, ", f"{WEIGHT}, ignore_index=1, ", "label_smoothing=0.2, ",
        f"{WEIGHT}, label_smoothing=0.2, ", f"{WEIGHT}, label_smoothing=0.2, ignore_index=1, ",
    ):  # fmt: skip
        _source = f"nn.CrossEntropyLoss({_options}reduction='{_reduction}')"
        layer(_source, normal(6, 4), integers(6, high=4))
        layer(_source, normal(3, 4, 2, 2), integers(3, 2, 2, high=4))
        if "ignore" not in _options:
            layer(_source, normal(6, 4), uniform(6, 4))
        if "smoothing" not in _options:
            _source = f"nn.NLLLoss({_options}reduction='{_reduction}')"
            layer(_source, normal(6, 4), integers(6, high=4))
            layer(_source, normal(3, 4, 2, 2), integers(3, 2, 2, high=4))
    layer(f"nn.CrossEntropyLoss(reduction='{_reduction}')", normal(4), integers(high=4))
    layer(f"nn.CrossEntropyLoss(reduction='{_reduction}')", normal(3, 4, 5), uniform(3, 4, 5))
    layer(f"nn.NLLLoss(reduction='{_reduction}')", normal(4), integers(high=4))
    layer(f"nn.NLLLoss2d(reduction='{_reduction}')", normal(3, 4, 2, 2), integers(3, 2, 2, high=4))
    layer(
        f"nn.MultiMarginLoss(reduction='{_reduction}')", normal(6, 4), integers(6, high=4),
        second=False, reason="PyTorch has none",
    )  # fmt: skip
    layer(
        f"nn.MultiMarginLoss(p=2, margin=0.5, {WEIGHT}, reduction='{_reduction}')", normal(6, 4), integers(6, high=4),
        second=False, reason="PyTorch has none",
    )  # fmt: skip
    layer(f"nn.MultiLabelMarginLoss(reduction='{_reduction}')", normal(6, 4), integers(6, 4, low=-1, high=4),
          second=False, reason="PyTorch has none")  # fmt: skip
    layer(f"nn.MultiLabelMarginLoss(reduction='{_reduction}')", normal(4), integers(4, low=-1, high=4),
          second=False, reason="PyTorch has none")  # fmt: skip
    layer(f"nn.MultiLabelSoftMarginLoss(reduction='{_reduction}')", normal(6, 4), integers(6, 4, high=2))
    layer(f"nn.MultiLabelSoftMarginLoss({WEIGHT}, reduction='{_reduction}')", normal(6, 4), integers(6, 4, high=2))
    layer(f"nn.LinearCrossEntropyLoss(5, 4, reduction='{_reduction}')", normal(6, 5), integers(6, high=4))
layer("nn.CrossEntropyLoss()", normal(6, 4), np.full(6, -100))
layer("nn.CrossEntropyLoss(ignore_index=7)", normal(6, 4), np.array([0, 7, 3, 7, 1, 2]))
layer("nn.LinearCrossEntropyLoss(5, 4, bias=True, out_features=(2,), label_smoothing=0.1)",
      normal(6, 5), integers(6, 2, high=4))  # fmt: skip
layer("nn.LinearCrossEntropyLoss(5, 4, bias=True, weight=torch.ones(4), ignore_index=2)",
      normal(6, 5), integers(6, high=4))  # fmt: skip
layer("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2.0)", normal(10, 8), integers(10, high=12))
layer("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], 2.0, True)", normal(10, 8), integers(10, high=7))
layer("nn.AdaptiveLogSoftmaxWithLoss(8, 12, (4,))", normal(8), integers(high=12))

# --- pairs, triplets, texts --------------------------------------------------------------------------------------

for _reduction in REDUCTIONS:
    layer(f"nn.MarginRankingLoss(0.5, reduction='{_reduction}')", normal(4), normal(4), SIGNS)
    layer(f"nn.HingeEmbeddingLoss(reduction='{_reduction}')", normal(4), SIGNS)
    layer(f"nn.HingeEmbeddingLoss(margin=0.5, reduction='{_reduction}')", normal(3, 4), SIGNS)
    layer(f"nn.SoftMarginLoss(reduction='{_reduction}')", normal(4), SIGNS)
    layer(f"nn.CosineEmbeddingLoss(reduction='{_reduction}')", normal(4, 3), normal(4, 3), SIGNS)
    layer(f"nn.CosineEmbeddingLoss(0.2, reduction='{_reduction}')", normal(3), normal(3), np.array(-1))
    layer(f"nn.TripletMarginLoss(reduction='{_reduction}')", normal(4, 3), normal(4, 3), normal(4, 3))
    layer(f"nn.TripletMarginLoss(2.0, p=1, swap=True, reduction='{_reduction}')",
          normal(4, 3), normal(4, 3), normal(4, 3))  # fmt: skip
    layer(f"nn.TripletMarginWithDistanceLoss(reduction='{_reduction}')", normal(4, 3), normal(4, 3), normal(4, 3))
    layer(
        f"nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: 1 - nn.functional.cosine_similarity(x, y), "
        f"margin=0.5, swap=True, reduction='{_reduction}')",
        normal(4, 3), normal(4, 3), normal(4, 3),
    )  # fmt: skip
    for _options in ("", "zero_infinity=True, ", "blank=3, "):
        _low, _high = (0, 3) if "blank" in _options else (1, 5)
        layer(
            f"nn.CTCLoss({_options}reduction='{_reduction}')",
            normal(6, 3, 5), integers(3, 3, low=_low, high=_high), np.array([6, 2, 4]), np.array([3, 3, 2]),
            second=False, reason="PyTorch has none",
        )  # fmt: skip
layer("nn.CTCLoss()", normal(6, 5), integers(2, low=1, high=5), np.array(6), np.array(2),
      second=False, reason="PyTorch has none")  # fmt: skip
layer("nn.CTCLoss()", normal(6, 2, 5), integers(5, low=1, high=5), np.array([6, 5]), np.array([2, 3]),
      second=False, reason="PyTorch has none")  # fmt: skip
layer("nn.PairwiseDistance()", normal(4, 3), normal(4, 3))
layer("nn.PairwiseDistance(p=1, eps=0.1, keepdim=True)", normal(4, 3), normal(4, 3))
layer("nn.CosineSimilarity()", normal(4, 3), normal(4, 3))
layer("nn.CosineSimilarity(dim=0, eps=1e-3)", normal(4, 3), normal(4, 3))

# --- what is refused ---------------------------------------------------------------------------------------------

refused("nn.HuberLoss(delta='1')")
refused("nn.HuberLoss(delta=0.0)", normal(4), normal(4))
refused("nn.MSELoss()", normal(4, 3), normal(4, 2))
refused("nn.MSELoss(reduction='average')", normal(4, 3), normal(4, 3))
refused("nn.SmoothL1Loss(beta=-1.0)", normal(4), normal(4))
refused("nn.BCELoss()", normal(4, 3), targets(4, 3))
refused("nn.BCELoss()", uniform(4, 1), targets(4))
refused("nn.BCEWithLogitsLoss()", normal(4, 1), targets(4))
refused("nn.BCEWithLogitsLoss(pos_weight=torch.ones(2))", normal(4, 3), targets(4, 3))
refused("nn.CrossEntropyLoss()", normal(4, 3), integers(4, 1, high=3))
refused("nn.CrossEntropyLoss()", normal(4, 3), integers(4, low=3, high=5))
refused("nn.CrossEntropyLoss()", normal(4, 3), normal(4))
refused("nn.CrossEntropyLoss()", normal(4, 3), integers(5, high=3))
refused("nn.CrossEntropyLoss(weight=torch.ones(2))", normal(4, 3), integers(4, high=3))
refused("nn.CrossEntropyLoss(label_smoothing=1.5)", normal(4, 3), integers(4, high=3))
refused("nn.NLLLoss()", normal(4, 3), normal(4))
refused("nn.NLLLoss()", normal(4, 3, 2), integers(4, 3, high=3))
refused("nn.GaussianNLLLoss()", normal(4, 3), normal(4, 3), uniform(4, 3, low=-2.0, high=-1.0))
refused("nn.GaussianNLLLoss()", normal(4, 3), normal(4, 3), uniform(3))
refused("nn.PoissonNLLLoss(reduction='average')", normal(4), targets(4))
refused("nn.MultiMarginLoss(p=3)")
refused("nn.MultiMarginLoss(weight=torch.ones(2, 2))")
refused("nn.MultiMarginLoss()", normal(4, 3), integers(4, low=3, high=5))
refused("nn.MultiMarginLoss()", normal(4, 3), integers(3, high=3))
refused("nn.MultiLabelMarginLoss()", normal(4, 3), integers(4, 2, high=3))
refused("nn.MultiLabelMarginLoss()", normal(4, 3), integers(4, 3, low=3, high=5))
refused("nn.MultiLabelSoftMarginLoss(reduction='average')", normal(4, 3), targets(4, 3))
refused("nn.SoftMarginLoss()", normal(4), normal(4))
refused("nn.MarginRankingLoss()", normal(4), normal(4), integers(4, 1, high=1))
refused("nn.CosineEmbeddingLoss()", normal(4, 3), normal(4, 3), integers(high=1))
refused("nn.CosineEmbeddingLoss()", normal(4, 3), normal(4, 2), integers(4, high=1))
refused("nn.TripletMarginLoss(margin=0.0)")
refused("nn.TripletMarginLoss()", normal(4, 3), normal(4, 3), normal(3))
refused("nn.TripletMarginWithDistanceLoss(margin=-1.0)")
refused("nn.TripletMarginWithDistanceLoss(reduction='average')", normal(4), normal(4), normal(4))
refused("nn.CTCLoss()", normal(6, 2, 5), integers(2, 3, high=5), np.array([6, 7]), np.array([2, 3]))
refused("nn.CTCLoss(0)", normal(6, 2, 5), integers(2, 3, high=5), np.array([6, 6]), np.array([2, 4]))
refused("nn.CTCLoss()", normal(6, 2, 5), integers(4, high=5), np.array([6, 6]), np.array([2, 3]))
refused("nn.CTCLoss(blank=5)", normal(6, 2, 5), integers(2, 3, high=5), np.array([6, 6]), np.array([2, 3]))
refused("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [])")
refused("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [7, 3])")
refused("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 12])")
refused("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3])", normal(10, 8), integers(10, low=12, high=14))
refused("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3])", normal(10, 8), integers(9, high=12))
refused("nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3])", normal(10, 8), integers(10, 1, high=12))
refused("nn.LinearCrossEntropyLoss(5, 4, weight=torch.ones(3))")
refused("nn.LinearCrossEntropyLoss(5, 4, label_smoothing=2.0)")
refused("nn.LinearCrossEntropyLoss(5, 4)", normal(6, 3), integers(6, high=4))
