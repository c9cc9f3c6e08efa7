"""Recurrent networks, attention and their helpers: what tables of calls and options do not show."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence

F = nn.functional
NETWORKS = ("RNN", "GRU", "LSTM")


# --- recurrent networks ------------------------------------------------------------------------------------------


def test_all_weights_are_the_parameters_by_layer() -> None:
    network = nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2)
    assert [len(row) for row in network.all_weights] == [5] * 4
    assert network.all_weights[1][0] is network.weight_ih_l0_reverse
    assert network._flat_weights[-1] is network.weight_hr_l1_reverse
    assert network._flat_weights_names[:2] == ["weight_ih_l0", "weight_hh_l0"]
    assert network.flatten_parameters() is None


@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_that_is_handed_on_continues_the_sequence(name: str) -> None:
    tg.manual_seed(0)
    network, x = getattr(nn, name)(3, 4, num_layers=2), tg.randn(6, 2, 3)
    whole, end = network(x)
    first, state = network(x[:4])
    second, last = network(x[4:], state)
    tg.testing.assert_close(tg.cat([first, second]), whole)
    tg.testing.assert_close(last, end)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_its_cell_step_by_step(name: str) -> None:
    tg.manual_seed(0)
    network, cell = getattr(nn, name)(3, 4), getattr(nn, f"{name}Cell")(3, 4)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in network.state_dict().items()})
    x, state, outputs = tg.randn(5, 2, 3), None, []
    for step in x:
        state = cell(step, state)
        outputs.append(state[0] if name == "LSTM" else state)
    tg.testing.assert_close(tg.stack(outputs), network(x)[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_packed_sequences_are_each_run_alone(name: str) -> None:
    tg.manual_seed(0)
    network = getattr(nn, name)(3, 4, num_layers=2, bidirectional=True)
    sequences = [tg.randn(n, 3) for n in (2, 5, 3)]
    output, state = network(pack_sequence(sequences, enforce_sorted=False))
    padded, lengths = pad_packed_sequence(output)
    assert lengths.tolist() == [2, 5, 3]
    for place, sequence in enumerate(sequences):
        alone, own = network(sequence)
        tg.testing.assert_close(padded[: len(sequence), place], alone)
        assert not padded[len(sequence) :, place].any()
        for all_states, own_state in zip(state, own, strict=True) if name == "LSTM" else [(state, own)]:
            tg.testing.assert_close(all_states[:, place], own_state)


def test_copies_and_pickles_compute_the_same() -> None:
    network, x = nn.GRU(3, 4, 2), tg.randn(5, 2, 3)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        tg.testing.assert_close(other(x), network(x))
        assert other.weight_hh_l0 is not network.weight_hh_l0


def test_a_weight_may_be_another_tensor() -> None:
    """As programs do that drop recurrent weights at random."""
    network, x = nn.RNN(3, 4), tg.randn(5, 2, 3)
    raw = network.weight_hh_l0
    del network.weight_hh_l0
    network.raw = raw
    network.weight_hh_l0 = raw * 2
    network(x)[0].sum().backward()
    assert raw.grad is not None
    assert network.all_weights[0][1] is network.weight_hh_l0


def test_writes_into_results() -> None:
    """Into the last state they are free, as nothing of it is kept; into the output they are noticed."""
    network, x = nn.LSTM(3, 4), tg.randn(5, 2, 3)
    output, (hidden, cell) = network(x)
    with tg.no_grad():
        hidden.zero_()
        cell.zero_()
    output.sum().backward()
    output, _ = network(x)
    with tg.no_grad():
        output.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_a_write_into_the_state_that_was_given_is_noticed() -> None:
    network, state = nn.GRU(3, 4), tg.zeros(1, 2, 4)
    output, _ = network(tg.randn(5, 2, 3), state)
    state.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_half_precision_is_computed_in_float32() -> None:
    network, x = nn.LSTM(3, 4), tg.randn(5, 2, 3)
    expected, _ = network(x)
    output, (hidden, cell) = network.half()(x.half())
    assert output.dtype == hidden.dtype == cell.dtype == tg.float16
    tg.testing.assert_close(output.float(), expected, rtol=1e-2, atol=1e-2)
    assert nn.GRUCell(3, 4).half()(tg.ones(2, 3).half()).dtype == tg.float16


def test_dropout_on_one_layer_warns() -> None:
    with pytest.warns(UserWarning, match="num_layers greater than 1, but got dropout=0.5 and num_layers=1"):
        nn.GRU(3, 4, dropout=0.5)


def test_a_tuple_for_a_gru_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"argument 'hx' .* must be Tensor, not tuple"):
        nn.GRU(3, 4)(tg.zeros(5, 2, 3), (tg.zeros(1, 2, 4), tg.zeros(1, 2, 4)))


# --- packed sequences --------------------------------------------------------------------------------------------


def test_packed_sequences_convert_and_travel() -> None:
    packed = pack_sequence([tg.ones(2, 3), tg.ones(4, 3)], enforce_sorted=False)
    assert packed.double().data.dtype == tg.float64
    assert packed.to(tg.float32) is packed
    assert packed.cpu() is packed
    assert not packed.is_cuda
    assert packed.long().sorted_indices is packed.sorted_indices
    again = pickle.loads(pickle.dumps(packed))
    assert isinstance(again, PackedSequence)
    assert again.batch_sizes.tolist() == [2, 2, 1, 1]
    with pytest.raises(RuntimeError):
        packed.cuda()


def test_lengths_beyond_the_input_are_refused() -> None:
    with pytest.raises(RuntimeError, match="lengths of at most 4"):
        pack_padded_sequence(tg.zeros(4, 2), [5, 1])


# --- attention ---------------------------------------------------------------------------------------------------


def reference(q: Any, k: Any, v: Any, bias: Any = 0.0) -> Any:
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1]) + bias
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


@pytest.mark.parametrize("shape", [(1, 70, 90), (3, 300, 300), (2, 500, 400), (1, 130, 700)])
@pytest.mark.parametrize("causal", [False, True])
def test_long_sequences_go_in_tiles(shape: Any, causal: bool) -> None:
    random = np.random.RandomState(0)
    heads, queries, keys = shape
    q, k, v = (random.standard_normal((2, heads, n, 3)) for n in (queries, keys, keys))
    bias = np.where(np.tri(queries, keys, dtype=bool), 0.0, -np.inf) if causal else 0.0
    tensors = [tg.from_numpy(a).requires_grad_() for a in (q, k, v)]
    found = F.scaled_dot_product_attention(*tensors, is_causal=causal)
    np.testing.assert_allclose(found.detach().numpy(), reference(q, k, v, bias), rtol=1e-9, atol=1e-12)
    start = tg.from_numpy(random.standard_normal(found.shape))
    first = tg.autograd.grad(found, tensors, start, retain_graph=True)
    recorded = tg.autograd.grad(found, tensors, start, create_graph=True)  # through the parts
    for a, b in zip(first, recorded, strict=True):
        tg.testing.assert_close(a, b.detach(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_queries_that_see_nothing_get_zeros(scale: float) -> None:
    q, k, v = (scale * tg.randn(4, 3) for _ in range(3))
    seen = tg.tensor([[True] * 4, [False] * 4, [False, True, True, False], [False] * 4])
    for mask in (seen, tg.zeros(4, 4).masked_fill(~seen, -math.inf)):
        given = [x.clone().requires_grad_() for x in (q, k, v)]
        found = F.scaled_dot_product_attention(*given, attn_mask=mask)
        assert (found[1] == 0).all()
        assert (found[3] == 0).all()
        found.sum().backward()
        assert all(x.grad.isfinite().all() for x in given)
        assert (given[0].grad[1] == 0).all()


def test_large_scores_neither_overflow_nor_vanish() -> None:
    q = tg.tensor([[100.0], [-100.0]], dtype=tg.float64)
    found = F.scaled_dot_product_attention(q, q, q, scale=1.0)
    tg.testing.assert_close(found, q)
    bias = tg.full((2, 2), -1000.0, dtype=tg.float64)  # all scores far below zero
    tg.testing.assert_close(F.scaled_dot_product_attention(0 * q, q, q, attn_mask=bias), 0 * q)


def test_masks_mean_the_opposite_in_the_function_and_in_the_module() -> None:
    tg.manual_seed(0)
    attention, x = nn.MultiheadAttention(4, 1, bias=False), tg.randn(3, 4)
    with tg.no_grad():
        attention.in_proj_weight.copy_(tg.cat([tg.eye(4)] * 3))
        attention.out_proj.weight.copy_(tg.eye(4))
    sees = tg.ones(3, 3).tril().bool()
    expected = F.scaled_dot_product_attention(x, x, x, attn_mask=sees)
    tg.testing.assert_close(attention(x, x, x, attn_mask=~sees)[0], expected)
    tg.testing.assert_close(attention(x, x, x, attn_mask=~sees, is_causal=True, need_weights=False)[0], expected)


def test_a_learned_bias_of_the_scores_gets_its_gradient() -> None:
    q, bias = tg.randn(2, 2, 3, 4, dtype=tg.float64), tg.randn(2, 1, 3, dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradcheck(lambda b: F.scaled_dot_product_attention(q, q, q, attn_mask=b), (bias,))
    assert tg.autograd.gradgradcheck(lambda b: F.scaled_dot_product_attention(q, q, q, attn_mask=b), (bias,))


def test_attention_to_the_same_tensor_has_one_gradient_for_all_uses() -> None:
    x = tg.randn(2, 3, 4, dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradcheck(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), (x,))
    assert tg.autograd.gradgradcheck(lambda x: F.scaled_dot_product_attention(x, x, x), (x,))


def test_attention_in_a_layout_of_joined_heads_makes_no_copies() -> None:
    x = tg.randn(2, 5, 12, requires_grad=True)
    q, k, v = (part.view(2, 5, 2, 2).transpose(1, 2) for part in x.split(4, 2))
    found = F.scaled_dot_product_attention(q, k, v)
    assert found.transpose(1, 2).is_contiguous()


# --- transformers ------------------------------------------------------------------------------------------------


def test_layers_of_a_stack_start_alike_and_are_their_own() -> None:
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 8, batch_first=True), 2)
    first, second = encoder.layers
    assert (first.linear1.weight == second.linear1.weight).all()
    assert first.linear1.weight is not second.linear1.weight


def test_a_causal_mask_is_recognised() -> None:
    mask = nn.Transformer.generate_square_subsequent_mask(5, dtype=tg.float64)
    assert mask.dtype == tg.float64
    layer = nn.TransformerDecoderLayer(8, 2, 8, dropout=0.0).double()
    x, memory = tg.randn(5, 3, 8, dtype=tg.float64), tg.randn(4, 3, 8, dtype=tg.float64)
    decoder = nn.TransformerDecoder(layer, 2)
    whole = decoder(x, memory, mask)
    tg.testing.assert_close(decoder(x[:3], memory, mask[:3, :3]), whole[:3])  # nothing is known of what comes later
    tg.testing.assert_close(decoder(x, memory, mask, tgt_is_causal=False), whole)


# --- texts -------------------------------------------------------------------------------------------------------


def test_ctc_is_the_sum_over_all_alignments() -> None:
    tg.manual_seed(0)
    log_probs = tg.randn(4, 1, 3, dtype=tg.float64).log_softmax(2)
    total = 0.0
    for path in np.ndindex(3, 3, 3, 3):
        merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if [c for c in merged if c] == [1, 1]:
            total += math.exp(sum(float(log_probs[t, 0, c]) for t, c in enumerate(path)))
    found = F.ctc_loss(log_probs, tg.tensor([[1, 1]]), (4,), (2,), reduction="sum")
    assert found.item() == pytest.approx(-math.log(total))


def test_ctc_after_log_softmax_has_all_its_derivatives() -> None:
    scores = tg.randn(5, 2, 4, dtype=tg.float64, requires_grad=True)

    def loss(x: Any) -> Any:
        return F.ctc_loss(x.log_softmax(2), tg.tensor([[1, 2], [3, 3]]), (5, 4), (2, 2))

    assert tg.autograd.gradcheck(loss, (scores,))
    assert tg.autograd.gradgradcheck(loss, (scores,))


def test_targets_that_are_no_class_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"targets out of range: ctc_loss\(\) got class 4"):
        F.ctc_loss(tg.zeros(5, 1, 4), tg.tensor([[1, 4]]), (5,), (2,))
    F.ctc_loss(tg.zeros(5, 1, 4), tg.tensor([[1, 4]]), (5,), (1,))  # what is behind the end is not read
