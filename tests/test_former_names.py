"""Names that older or start-up code uses: FloatTensor and its kin, switches of backends, shapes as tuples, padding."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.nn.utils.rnn import pad_sequence


def test_a_tensor_type_makes_tensors_of_sizes_and_of_data() -> None:
    assert tg.FloatTensor(2, 3).shape == (2, 3)
    assert tg.LongTensor().shape == (0,)
    assert tg.LongTensor(tg.Size([2])).dtype is tg.int64
    assert tg.FloatTensor(np.array([1, 2])).tolist() == [1.0, 2.0]
    assert tg.ShortTensor((1, 2)).dtype is tg.int16
    same = tg.zeros(2)
    assert tg.FloatTensor(same).data_ptr() == same.data_ptr()


def test_a_tensor_type_keeps_its_type_of_element() -> None:
    tg.set_default_dtype(tg.float64)
    try:
        assert tg.FloatTensor([1.5]).dtype is tg.float32
    finally:
        tg.set_default_dtype(tg.float32)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: tg.FloatTensor(0.5), r"data must be a sequence \(got float\)"),
        (lambda: tg.LongTensor("ab"), r"data must be a sequence \(got str\)"),
        (lambda: tg.LongTensor(tg.zeros(2)), r"expected a tensor of torch.int64, got torch.float32"),
        (lambda: tg.FloatTensor([1], [2]), "one sequence"),
        (lambda: tg.FloatTensor(2, 0.5), "size"),
    ],
)
def test_a_tensor_type_refuses_what_is_no_data(wrong, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        wrong()


def test_tensor_types_are_asked_for_by_isinstance_and_given_to_type() -> None:
    assert isinstance(tg.nn.Parameter(tg.zeros(1)), tg.FloatTensor)
    assert not isinstance(np.zeros(1), tg.DoubleTensor)
    assert tg.ones(1).type(tg.HalfTensor).dtype is tg.float16
    assert tg.LongTensor | None  # in annotations
    assert repr(tg.BoolTensor) == "<class 'torch.BoolTensor'>"


def test_what_is_made_of_a_shape_is_a_shape() -> None:
    shape = tg.zeros(2, 3, 4).shape
    for made, expected in [
        (shape[1:], [3, 4]), (shape[::-1], [4, 3, 2]), (shape + (5,), [2, 3, 4, 5]), ((5,) + shape, [5, 2, 3, 4]),
        (shape[:1] * 2, [2, 2]), (2 * shape[:1], [2, 2]),
    ]:  # fmt: skip
        assert type(made) is tg.Size
        assert list(made) == expected
    assert type(shape[0]) is int
    with pytest.raises(TypeError, match="concatenate"):
        shape + [1]


def test_a_number_in_an_f_string_is_a_number() -> None:
    x = tg.tensor(0.5, requires_grad=True)
    assert f"{x} {x * 2:.2f} {tg.tensor(3):d} {tg.tensor(True)}" == "0.5 1.00 3 True"
    assert f"{tg.tensor([0.5])}" == "tensor([0.5000])"
    with pytest.raises(TypeError, match="unsupported format string"):
        format(tg.tensor([0.5]), ".2f")


def test_detach_in_place_cuts_the_graph() -> None:
    w = tg.ones(2, requires_grad=True)
    hidden = w * 2
    assert hidden.detach_() is hidden
    assert hidden.is_leaf
    assert not hidden.requires_grad
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (w * 2)[:1].detach_()


def test_grad_takes_all_of_pytorchs_arguments() -> None:
    x = tg.tensor(3.0, requires_grad=True)
    (first,) = tg.autograd.grad(x**3, x, None, None, True, True, None, False, False)
    assert first.item() == 27.0
    with pytest.warns(FutureWarning, match="only_inputs"):
        tg.autograd.grad(x**3, x, only_inputs=False)
    (several,) = tg.autograd.grad(x**3, x, tg.tensor([1.0, 2.0]), is_grads_batched=True)
    assert several.tolist() == [27.0, 54.0]


def test_switches_may_be_set_and_nothing_is_there() -> None:
    import tinygrad_nn.backends.cudnn as cudnn

    before = cudnn.deterministic
    try:
        tg.backends.cudnn.deterministic = True
        assert cudnn.deterministic
    finally:
        cudnn.deterministic = before
    tg.use_deterministic_algorithms(True, warn_only=True)
    try:
        assert tg.are_deterministic_algorithms_enabled()
    finally:
        tg.use_deterministic_algorithms(False)
    assert not any([cudnn.is_available(), tg.backends.mps.is_available(), tg.backends.mps.is_built()])
    assert not tg.accelerator.is_available()
    assert tg.accelerator.current_accelerator() is None
    assert tg.accelerator.device_count() == 0
    assert cudnn.version() is None


def test_padding_passes_gradients_on_and_names_what_is_wrong() -> None:
    a, b = tg.ones(1, 2, requires_grad=True), tg.ones(3, 2, requires_grad=True)
    padded = pad_sequence([a, b], batch_first=True, padding_value=7, padding_side="left")
    assert padded[0].tolist() == [[7, 7], [7, 7], [1, 1]]
    (padded * tg.arange(3.0)[None, :, None]).sum().backward()
    assert a.grad.tolist() == [[2, 2]]
    assert b.grad.tolist() == [[0, 0], [1, 1], [2, 2]]
    with pytest.raises(RuntimeError, match="empty list"):
        pad_sequence([])
    with pytest.raises(RuntimeError, match="one of left or right, but got top"):
        pad_sequence([a], padding_side="top")
    with pytest.raises(RuntimeError, match=r"\[1, 2\].*\[1, 3\]|\[1, 3\].*\[1, 2\]"):
        pad_sequence([a, tg.ones(1, 3)])
