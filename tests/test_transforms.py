"""Transforms: what torchvision gives, stored and live, for images, arrays and tensors; errors; scaling."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vision_oracle import torchvision
from vision_programs import KINDS, SEEDS, answer, given, images, programs

import tinygrad_nn as tg
from tinygrad_nn import transforms
from tinygrad_nn.transforms import arrays
from tinygrad_nn.transforms import functional as F  # noqa: N812 - as PyTorch's programs call it
from tinygrad_nn.transforms.modes import PILLOW

GOLDEN = Path(__file__).parent / "golden" / "transforms.npz"
PROGRAMS = programs(transforms, tg)
Mode = transforms.InterpolationMode
# Where arrays are computed in float32, in another order than torchvision's.
ROUNDING = {
    "resize", "resize_short", "resize_most", "resize_cubic", "resize_sharp", "resized_crop", "resized_crop_fallback",
    "rotate_wide", "affine_all", "jitter", "brightness", "hue", "contrast", "saturation", "blur", "blur_wide",
    "sharpen", "soften", "autocontrast", "linear",
}  # fmt: skip


@pytest.fixture(scope="module")
def golden() -> Any:
    with np.load(GOLDEN) as stored:
        memory, text = stored["memory"], json.loads(str(stored["text"]))
    at, answers = 0, {}
    for key, entries in text["index"].items():
        answers[key] = entries if isinstance(entries, str) else []
        for kind, shape in [] if isinstance(entries, str) else entries:
            size = int(np.prod(shape)) * np.dtype(kind).itemsize
            answers[key].append(memory[at : at + size].view(kind).reshape(shape))
            at += size
    return answers, text["shown"]


def pillow_image(pixels: np.ndarray) -> Any:
    return pytest.importorskip("PIL.Image").fromarray(pixels)


def assert_same(found: Any, expected: Any, name: str, kind: str) -> None:
    if isinstance(found, str) or isinstance(expected, str):
        assert found == expected
        return
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        if name in ROUNDING and a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=4e-5)
        elif name in ROUNDING and kind == "bytes":  # at a tie
            assert np.abs(a.astype(int) - b.astype(int)).max() <= 1
        else:
            np.testing.assert_array_equal(a, b)


# --- torchvision's answers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_stored_answers_of_torchvision(golden: Any, name: str, kind: str) -> None:
    for picture, pixels in images().items():
        for seed in SEEDS:
            image = given(kind, pixels, tg, pillow_image)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = answer(PROGRAMS[name], image, seed, tg)
            expected = golden[0][f"{name}/{kind}/{picture}/{seed}"]
            assert_same(found, expected, name, kind)


@pytest.mark.parametrize("name", PROGRAMS)
def test_names_of_transforms(golden: Any, name: str) -> None:
    assert repr(PROGRAMS[name]) == golden[1][name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_arrays_are_treated_as_images(golden: Any, name: str) -> None:
    """An array gives the pixels that Pillow's image gives, where the transform says so; else within a step."""
    transform = PROGRAMS[name]
    for picture, pixels in images().items():
        for seed in SEEDS:
            expected = golden[0][f"{name}/image/{picture}/{seed}"]
            found = answer(transform, pixels, seed, tg)
            if getattr(transform, "takes_arrays", False):
                assert_same(found, expected, name, "array")
            elif isinstance(expected, list) and not name.startswith("resize"):
                assert np.array_equal(found[-1], expected[-1])  # the same random numbers
                for a, b in zip(found[:-1], expected[:-1], strict=True):
                    assert a.shape == b.shape
                    if name not in ("hue", "jitter"):  # which Pillow computes in bytes throughout
                        assert np.abs(a.astype(int) - b.astype(int)).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_live(name: str, kind: str) -> None:
    theirs = torchvision().transforms
    import torch

    draw = np.random.default_rng(7)
    pictures = [draw.integers(0, 256, shape, dtype=np.uint8) for shape in ((31, 24), (17, 33, 3), (5, 7, 3), (1, 1))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transform = programs(theirs, torch)[name]
        for seed, pixels in enumerate([*pictures, *images().values()]):
            expected = answer(transform, given(kind, pixels, torch, pillow_image), seed, torch)
            found = answer(PROGRAMS[name], given(kind, pixels, tg, pillow_image), seed, tg)
            if name == "pad_symmetric" and str(expected).startswith("IndexError"):
                continue  # a border wider than the image, which is mirrored more than once here
            assert_same(found, expected, name, kind)


MODES = [Mode.NEAREST, Mode.BILINEAR, Mode.BICUBIC, Mode.BOX, Mode.HAMMING, Mode.LANCZOS]


@pytest.mark.parametrize("mode", MODES)
def test_arrays_are_resized_as_pillow_does_it(mode: Any) -> None:
    draw = np.random.default_rng(1)
    for shape in ((28, 28), (7, 5), (13, 17, 3), (1, 1), (50, 31, 3)):
        pixels = draw.integers(0, 256, shape, dtype=np.uint8)
        for height, width in ((10, 12), (40, 60), (1, 1), (100, 7), (28, 3)):
            image = pillow_image(pixels)
            if mode is not Mode.NEAREST:  # rows, then columns: versions of Pillow differ in which they do first
                image = image.resize((width, image.size[1]), PILLOW[mode])
            expected = np.asarray(image.resize((width, height), PILLOW[mode]))
            np.testing.assert_array_equal(F.resize(pixels, (height, width), mode), expected)


@pytest.mark.parametrize("mode", MODES[:3])
def test_arrays_are_turned_as_pillow_does_it(mode: Any) -> None:
    draw = np.random.default_rng(2)
    for shape in ((28, 28), (7, 5), (13, 17, 3), (1, 1)):
        pixels = draw.integers(0, 256, shape, dtype=np.uint8)
        image, fill = pillow_image(pixels), 7 if len(shape) == 2 else (1, 2, 3)
        for angle in (0, 90, 180, 270, -90, 45, 13.7, -120.3, 359.9, 1e-3):
            for expand in (False, True):
                for center in (None, (2, 3)):
                    expected = image.rotate(angle, PILLOW[mode], expand, center, fillcolor=fill)
                    found = F.rotate(pixels, angle, mode, expand, center, fill)
                    np.testing.assert_array_equal(found, np.asarray(expected))
        for matrix in (
            [1.2, 0.3, -2, 0.1, 0.9, 1], [0.5, 0, 1, 0, 2.0, -1], [1, 0.5, 0, 0, 1, 0], [3e4, 1, 0, 1, 3e4, 0],
        ):  # fmt: skip
            expected = image.transform(image.size, 0, matrix, PILLOW[mode], fillcolor=fill)
            found = arrays.affine(pixels, matrix, mode, fill)
            np.testing.assert_array_equal(found, np.asarray(expected))


def test_floating_point_arrays_are_resized_and_turned_too() -> None:
    pixels = np.random.default_rng(3).random((9, 7)).astype(np.float32)
    image = pillow_image(pixels)
    found = F.resize(pixels, (5, 6))
    np.testing.assert_allclose(found, np.asarray(image.resize((6, 9), 2).resize((6, 5), 2)), rtol=1e-6)
    assert found.dtype == np.float32
    turned = F.rotate(pixels, 30, Mode.BILINEAR, fill=0.5)
    np.testing.assert_allclose(turned, np.asarray(image.rotate(30, 2, fillcolor=0.5)), rtol=1e-6)


# --- images and tensors ----------------------------------------------------------------------------------------------


def test_images_to_tensors_and_back() -> None:
    image = pytest.importorskip("PIL.Image")
    draw = np.random.default_rng(0)
    for mode, shape in (("L", (4, 5)), ("RGB", (4, 5, 3)), ("RGBA", (4, 5, 4)), ("LA", (4, 5, 2))):
        pixels = draw.integers(0, 256, shape, dtype=np.uint8)
        tensor = F.to_tensor(image.fromarray(pixels))
        assert tensor.dtype == tg.float32
        back = F.to_pil_image(tensor)
        assert back.mode == mode
        np.testing.assert_array_equal(np.asarray(back), pixels)
        np.testing.assert_array_equal(F.to_tensor(pixels).numpy(), tensor.numpy())
        np.testing.assert_array_equal(F.pil_to_tensor(pixels).numpy(), F.pil_to_tensor(image.fromarray(pixels)).numpy())
    assert F.to_tensor(image.new("1", (2, 1), 1)).tolist() == [[[1.0, 1.0]]]
    assert F.to_tensor(image.new("I", (1, 1), 70000)).dtype == tg.int32
    assert F.to_tensor(image.new("F", (1, 1), 0.5)).tolist() == [[[0.5]]]
    assert F.to_pil_image(tg.ones(1, 2, 3), mode="F").mode == "F"
    assert F.to_pil_image(np.zeros((2, 3, 3), np.uint8), mode="HSV").mode == "HSV"
    assert repr(transforms.ToPILImage()) == "ToPILImage()"
    assert transforms.ToPILImage("L")(tg.zeros(1, 2, 2)).size == (2, 2)


def test_the_default_type_is_that_of_tensors() -> None:
    tg.set_default_dtype(tg.float64)
    try:
        assert F.to_tensor(np.zeros((2, 2), np.uint8)).dtype == tg.float64
    finally:
        tg.set_default_dtype(tg.float32)
    assert F.to_tensor(np.zeros((2, 2), np.float64)).dtype == tg.float64


def test_what_is_made_is_one_s_own() -> None:
    pixels = np.zeros((2, 3), np.uint8)
    for make in (transforms.ToTensor(), transforms.PILToTensor()):
        make(pixels)[0, 0, 0] = 1
    assert not pixels.any()
    tensor = tg.zeros(1, 2, 2)
    transforms.Normalize((1.0,), (2.0,))(tensor)
    transforms.RandomErasing(p=1.0, value=1.0)(tensor)
    assert not tensor.any()
    assert transforms.Normalize((1.0,), (2.0,), inplace=True)(tensor) is tensor
    assert (tensor == -0.5).all()


def test_gradients_go_through_tensors() -> None:
    image = tg.rand(1, 3, 6, 6, dtype=tg.float64, requires_grad=True)
    for name in ("resize", "pad", "center", "rotate_wide", "grayscale", "jitter", "blur", "sharpen", "normalize"):
        tg.manual_seed(1)
        out = PROGRAMS[name](image)
        (gradient,) = tg.autograd.grad(out.sum(), image)
        assert gradient.abs().sum() > 0, name


def test_transforms_are_modules() -> None:
    model = tg.nn.Sequential(transforms.CenterCrop(4), transforms.Normalize((0.5,), (0.5,)))
    assert model(tg.ones(2, 1, 8, 8)).shape == (2, 1, 4, 4)
    assert list(model.parameters()) == []
    applied = transforms.RandomApply(tg.nn.ModuleList([transforms.CenterCrop(2)]), p=1.0)
    assert applied(tg.ones(1, 5, 5)).shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("made", "kind", "said"),
    [
        (lambda: transforms.Resize(5.0), TypeError, "Size should be int or sequence"),
        (lambda: transforms.Resize((1, 2, 3)), ValueError, "1 or 2 values"),
        (lambda: transforms.Resize(5, interpolation="bilinear"), TypeError, "should be a InterpolationMode"),
        (lambda: transforms.CenterCrop((1, 2, 3)), ValueError, "only two dimensions"),
        (lambda: transforms.Pad("a"), TypeError, "inappropriate padding"),
        (lambda: transforms.Pad((1, 2, 3)), ValueError, "not a 3 element tuple"),
        (lambda: transforms.Pad(1, padding_mode="circular"), ValueError, "Padding mode should be"),
        (lambda: transforms.Pad(1, fill="a"), TypeError, "inappropriate fill"),
        (lambda: transforms.Lambda(3), TypeError, "should be callable, got 'int'"),
        (lambda: transforms.RandomOrder(transforms.Pad(1)), TypeError, "should be a sequence"),
        (lambda: transforms.RandomChoice([], p=3), TypeError, "Argument p should be a sequence"),
        (lambda: transforms.RandomRotation(-1), ValueError, "must be positive"),
        (lambda: transforms.RandomRotation((1, 2, 3)), ValueError, "length 2"),
        (lambda: transforms.RandomRotation(1, fill={}), TypeError, "Fill should be"),
        (lambda: transforms.RandomAffine(1, translate=(2, 0)), ValueError, "between 0 and 1"),
        (lambda: transforms.RandomAffine(1, scale=(0, 1)), ValueError, "scale values should be positive"),
        (lambda: transforms.RandomAffine(1, center=3), TypeError, "center should be a sequence"),
        (lambda: transforms.ColorJitter(-1), ValueError, "must be non negative"),
        (lambda: transforms.ColorJitter(hue=0.6), ValueError, "hue values should be between"),
        (lambda: transforms.ColorJitter("a"), TypeError, "brightness should be a single number"),
        (lambda: transforms.RandomErasing(2), ValueError, "probability should be between"),
        (lambda: transforms.RandomErasing(value="x"), ValueError, "it should be 'random'"),
        (lambda: transforms.RandomErasing(value=None), TypeError, "either a number or str"),
        (lambda: transforms.RandomErasing(scale=(0.5, 2)), ValueError, "Scale should be between"),
        (lambda: transforms.GaussianBlur(2), ValueError, "odd and positive"),
        (lambda: transforms.GaussianBlur(3, 0), ValueError, "must be positive"),
        (lambda: transforms.GaussianBlur(3, (2, 1)), ValueError, r"\(min, max\)"),
        (lambda: transforms.LinearTransformation(tg.ones(2, 3), tg.ones(2)), ValueError, "should be square"),
        (lambda: transforms.LinearTransformation(tg.ones(2, 2), tg.ones(3)), ValueError, "same length"),
    ],
)  # fmt: skip
def test_wrong_arguments(made: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        made()


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: F.to_tensor(tg.ones(1, 2, 2)), TypeError, "pic should be PIL Image or ndarray. Got <class"),
        (lambda: F.to_tensor(np.ones(3)), ValueError, "pic should be 2/3 dimensional. Got 1 dimensions"),
        (lambda: F.pil_to_tensor(3), TypeError, "pic should be PIL Image"),
        (lambda: F.to_pil_image("a"), TypeError, "should be Tensor or ndarray"),
        (lambda: F.to_pil_image(tg.ones(5, 2, 2)), ValueError, "> 4 channels"),
        (lambda: F.to_pil_image(tg.ones(2, 2, 2), "RGB"), ValueError, "Only modes"),
        (lambda: F.to_pil_image(np.ones((2, 2), np.int64)), TypeError, "Input type int64 is not supported"),
        (lambda: F.to_pil_image(np.ones((2, 2), np.uint8), "F"), ValueError, "Incorrect mode"),
        (lambda: F.normalize(np.ones((2, 2)), 0, 1), TypeError, "img should be Tensor Image.*ToTensor"),
        (lambda: F.normalize(tg.ones(1, 2, 2, dtype=tg.uint8), 0, 1), TypeError, "should be a float tensor.*Convert"),
        (lambda: F.normalize(tg.ones(2, 2), 0, 1), ValueError, "Expected tensor to be a tensor image"),
        (lambda: F.normalize(tg.ones(1, 2, 2), (0.0,), (0.0,)), ValueError, "std evaluated to zero"),
        (lambda: F.convert_image_dtype(tg.ones(1), tg.int64), RuntimeError, "cannot be performed safely"),
        (lambda: F.convert_image_dtype(3), TypeError, "should be Tensor Image"),
        (lambda: F.hflip("a"), TypeError, "Unexpected type <class 'str'>"),
        (lambda: F.get_dimensions(np.ones(3)), TypeError, r"shape \(H, W\) or \(H, W, C\). Got \(3,\)"),
        (lambda: F.resize(tg.ones(1, 4, 4), (1, 2), max_size=3), ValueError, "max_size should only be passed"),
        (lambda: F.resize(tg.ones(1, 4, 4), 3, max_size=2), ValueError, "must be strictly greater"),
        (lambda: F.pad(np.ones((2, 2, 3), np.uint8), 1, (1, 2)), ValueError, "number of elements in 'fill'"),
        (lambda: F.rotate(np.ones((2, 2)), "a"), TypeError, "Argument angle"),
        (lambda: F.rotate(tg.ones(1, 2, 2), 1, Mode.LANCZOS), ValueError, "'lanczos' is unsupported with Tensor"),
        (lambda: F.affine(tg.ones(1, 2, 2), 1, (0, 0), 0, 0), ValueError, "scale should be positive"),
        (lambda: F.affine(tg.ones(1, 2, 2), 1, (0,), 1, 0), ValueError, "length 2"),
        (lambda: F.five_crop(tg.ones(1, 2, 2), 3), ValueError, "bigger than input size"),
        (lambda: transforms.RandomCrop(3)(tg.ones(1, 2, 2)), ValueError, "larger than input image size"),
        (lambda: F.rgb_to_grayscale(tg.ones(2, 4, 4)), TypeError, "permitted channel values"),
        (lambda: F.rgb_to_grayscale(tg.ones(3, 4, 4), 2), ValueError, "either 1 or 3"),
        (lambda: F.to_grayscale(tg.ones(3, 4, 4)), TypeError, "Input should be PIL Image"),
        (lambda: F.adjust_hue(tg.ones(3, 4, 4), 0.7), ValueError, r"is not in \[-0.5, 0.5\]"),
        (lambda: F.adjust_brightness(tg.ones(3, 4, 4), -1), ValueError, "is not non-negative"),
        (lambda: F.posterize(tg.ones(3, 4, 4), 4), TypeError, "Only torch.uint8"),
        (lambda: F.posterize(tg.ones(3, 4, 4), 9), ValueError, "between 0 and 8"),
        (lambda: F.solarize(tg.ones(3, 4, 4), 2), TypeError, "less than bound"),
        (lambda: F.gaussian_blur(tg.ones(1, 4, 4), 2), ValueError, "odd and positive"),
        (lambda: F.gaussian_blur(tg.ones(1, 4, 4), 3, -1), ValueError, "positive values"),
        (lambda: F.erase(np.ones((2, 2)), 0, 0, 1, 1, tg.ones(1)), TypeError, "should be Tensor Image"),
        (lambda: F.equalize(tg.ones(4, 4)), TypeError, "at least 3 dimensions"),
    ],
)  # fmt: skip
def test_wrong_calls(call: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        call()


def test_odd_ranges_are_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"\(min, max\)"):
        transforms.RandomResizedCrop(3, scale=(1.0, 0.5))
    with pytest.warns(UserWarning, match="antialias is ignored"):
        F.resize(np.zeros((4, 4), np.uint8), 2, antialias=False)


def test_what_takes_arrays() -> None:
    t = transforms
    take = [t.ToTensor(), t.Compose([t.RandomCrop(2), t.ToTensor(), t.Lambda(abs), t.Normalize(0, 1)]), t.Compose([])]
    leave = [t.Lambda(abs), t.Resize(3), t.Compose([t.Lambda(abs), t.ToTensor()]), t.ColorJitter(), t.Normalize(0, 1)]
    assert all(transform.takes_arrays for transform in take)
    assert not any(getattr(transform, "takes_arrays", False) for transform in leave)
    assert t.RandomApply([t.RandomCrop(2)]).takes_arrays
    assert not t.RandomApply([t.ToTensor()]).takes_arrays
    assert not t.RandomChoice([t.Pad(1), t.Lambda(abs)]).takes_arrays


def test_all_that_are_torchvision_s_are_here_or_named() -> None:
    theirs = torchvision().transforms.transforms.__all__
    assert set(theirs) - set(transforms.__all__) == {"ElasticTransform", "RandomPerspective"}


# --- scaling ---------------------------------------------------------------------------------------------------------


def test_scaling_is_learned_from_the_training_data() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    draw = np.random.default_rng(0)
    train, test = draw.normal(3, 5, (50, 4)), draw.normal(3, 5, (20, 4))
    train[:, 2] = 7.1  # does not vary
    pairs = [
        (transforms.StandardScaler(), preprocessing.StandardScaler()),
        (transforms.MinMaxScaler(), preprocessing.MinMaxScaler()),
        (transforms.MinMaxScaler((-1, 2)), preprocessing.MinMaxScaler((-1, 2))),
    ]
    for ours, theirs in pairs:
        expected = theirs.fit(train).transform(test)
        found = ours.fit(tg.from_numpy(train)).transform(tg.from_numpy(test))
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
        np.testing.assert_allclose(ours.inverse_transform(found).numpy(), test, rtol=1e-12)
        np.testing.assert_allclose(ours(test), expected, rtol=1e-12)  # arrays give arrays
        small = ours.transform(tg.from_numpy(test).float())
        assert small.dtype == tg.float32
        np.testing.assert_allclose(small.numpy(), expected, rtol=1e-5, atol=1e-5)
        assert ours.fit_transform(train).shape == train.shape


def test_scales_of_other_dimensions_and_types() -> None:
    images = tg.randint(0, 256, (10, 4, 4), dtype=tg.uint8)
    whole = transforms.StandardScaler(dim=(0, 1, 2)).fit_transform(images)
    assert whole.dtype == tg.float32
    assert abs(whole.mean().item()) < 1e-6
    assert abs(whole.std(correction=0).item() - 1) < 1e-6
    each = transforms.StandardScaler(dim=1).fit_transform(tg.rand(5, 7))
    np.testing.assert_allclose(each.mean(1).numpy(), 0, atol=1e-6)
    assert repr(transforms.StandardScaler(dim=1)) == "StandardScaler(dim=1)"


def test_scales_are_saved_and_loaded() -> None:
    scaler = transforms.StandardScaler().fit(tg.rand(5, 3))
    other = transforms.StandardScaler()
    other.load_state_dict(scaler.state_dict())
    x = tg.rand(2, 3)
    assert (other(x) == scaler(x)).all()
    with pytest.raises(KeyError, match="'scale' is missing"):
        other.load_state_dict({"mean": tg.ones(1)})


def test_scaling_errors() -> None:
    with pytest.raises(RuntimeError, match=r"has learned nothing yet. Call fit\(training_data\)"):
        transforms.StandardScaler().transform(tg.ones(2, 2))
    with pytest.raises(ValueError, match=r"columns \[1, 3\], got data of shape \[2, 2\]"):
        transforms.MinMaxScaler().fit(tg.ones(2, 3)).transform(tg.ones(2, 2))
    with pytest.raises(ValueError, match="expected numbers"):
        transforms.StandardScaler().fit(tg.ones(0, 3))
    with pytest.raises(ValueError, match="must be smaller than maximum"):
        transforms.MinMaxScaler((1, 1))
    with pytest.raises(RuntimeError, match="do not record gradients"):
        transforms.StandardScaler().fit(tg.ones(2, 3)).transform(tg.ones(2, 3, requires_grad=True))
