"""Upsampling against SciPy, plain loops and hand-computed kernels."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from fcn_tutorial import upsampling
from fcn_tutorial.backend import keras, ops

RNG = np.random.RandomState(0)


def scipy_bilinear(scores, size, factor, offset):
    """(h, w, C) -> (*size, C): SciPy's order-1 spline, edge repeated."""
    rows, columns = ((np.arange(n) - o) / f for n, o, f in zip(size, offset, factor, strict=True))
    grid = np.meshgrid(rows, columns, indexing="ij")
    channels = [
        map_coordinates(scores[..., c].astype(float), grid, order=1, mode="nearest") for c in range(scores.shape[-1])
    ]
    return np.stack(channels, -1)


def transposed_by_loop(scores, kernel, stride):
    """Conv2DTranspose as it is defined: every cell adds its score times the kernel."""
    height, width, _ = scores.shape
    size = kernel.shape[0]
    out = np.zeros(((height - 1) * stride + size, (width - 1) * stride + size, kernel.shape[2]))
    for i, j in np.ndindex(height, width):
        out[i * stride : i * stride + size, j * stride : j * stride + size] += np.einsum(
            "yxoi,i->yxo", kernel, scores[i, j]
        )
    return out


def test_kernels_by_hand():
    assert upsampling.bilinear_kernel(4).tolist() == [0.25, 0.75, 0.75, 0.25]
    assert upsampling.bilinear_kernel(3).tolist() == [0.5, 1, 0.5]
    assert upsampling.bilinear_kernel(1).tolist() == [1]
    expected = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
    assert (upsampling.bilinear_kernel_2d(3) == expected).all()


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8, 16, 32])
def test_shifted_kernels_add_up_to_one(factor):
    size = 2 * factor - factor % 2
    padded = np.pad(upsampling.bilinear_kernel(size), (0, 2 * factor - size))
    assert padded.reshape(2, factor).sum(axis=0) == pytest.approx(np.ones(factor))


def test_filler_is_bilinear_on_the_diagonal_only():
    filler = upsampling.bilinear_filler(4, 3)
    assert filler.shape == (4, 4, 3, 3)
    for out, into in np.ndindex(3, 3):
        assert (filler[:, :, out, into] == (upsampling.bilinear_kernel_2d(4) if out == into else 0)).all()


@pytest.mark.parametrize("factor", [2, 3, 8, 32])
def test_transposed_layer_is_the_loop_and_the_separable_form(factor):
    scores = RNG.randn(1, 4, 3, 2).astype("float32")
    layer = upsampling.transposed_upsampling(2, factor)
    kernel = layer.get_weights()[0]
    full = ops.convert_to_numpy(layer(scores))
    assert full[0] == pytest.approx(transposed_by_loop(scores[0], kernel, factor), abs=1e-5)
    centre = (kernel.shape[0] - 1) / 2
    like = np.zeros((1, *full.shape[1:3], 1))
    fast = upsampling.BilinearUpsampling(factor, offset=centre, edge="zero")([scores, like])
    assert ops.convert_to_numpy(fast) == pytest.approx(full, abs=1e-5)


def test_x32_agrees_with_scipy_in_the_interior():
    scores = RNG.randn(1, 7, 9, 3).astype("float32")
    crop = int(upsampling.crop_before(64, upsampling.half_pixel_offset(32)))
    full = ops.convert_to_numpy(upsampling.transposed_upsampling(3)(scores))
    image = full[:, crop : crop + 224, crop : crop + 288]
    expected = scipy_bilinear(scores[0], (224, 288), (32, 32), (15.5, 15.5))
    inside = np.s_[16:-16, 16:-16]
    assert np.abs(image[0] - expected)[inside].max() <= 1e-5
    assert np.abs(image[0] - expected).max() > 0.01  # at the border the transposed convolution fades, SciPy repeats


@pytest.mark.parametrize("size, factor, offset", [((97, 131), (32, 32), (7, 31)), ((40, 33), (8, 16), (-3, 12.5))])
def test_separable_form_agrees_with_scipy_on_any_grid(size, factor, offset):
    scores = RNG.randn(2, 5, 4, 3).astype("float32")
    result = upsampling.BilinearUpsampling(factor, offset)([scores, np.zeros((2, *size, 1))])
    for image, score in zip(ops.convert_to_numpy(result), scores, strict=True):
        assert image == pytest.approx(scipy_bilinear(score, size, factor, offset), abs=1e-5)


@pytest.mark.parametrize("size", [(31, 33), (32, 32), (361, 481), (500, 20)])
def test_any_image_size_in_a_model_of_unknown_size(size):
    scores, like = keras.Input((None, None, 2)), keras.Input((None, None, 3))
    model = keras.Model([scores, like], upsampling.BilinearUpsampling()([scores, like]))
    cells = [-(-n // 32) for n in size]
    values = RNG.randn(1, *cells, 2).astype("float32")
    result = model.predict_on_batch([values, np.zeros((1, *size, 3), "float32")])
    assert result[0] == pytest.approx(scipy_bilinear(values[0], size, (32, 32), (15.5, 15.5)), abs=1e-5)


def test_the_papers_crop_of_19():
    """Pad 100, thirteen 3x3 convolutions, five 2x2 poolings, fc6 7x7: cell 0 stands on pixel 12.5."""
    offset, stride = 1 - 100, 1
    for _ in range(5):
        offset, stride = offset + 0.5 * stride, 2 * stride
    offset += 3 * stride
    assert upsampling.crop_before(64, offset) == 19


def test_learned_and_fixed():
    assert not upsampling.transposed_upsampling(2, 4).trainable_weights
    learned = upsampling.transposed_upsampling(2, 4, trainable=True)
    assert len(learned.trainable_weights) == 1
    random = upsampling.transposed_upsampling(2, 4, start="random", kernel_size=6, trainable=True)
    assert random.get_weights()[0].shape == (6, 6, 2, 2)
    assert np.abs(random.get_weights()[0][..., 0, 1]).max() > 0


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: upsampling.bilinear_kernel(0), "at least 1"),
        (lambda: upsampling.bilinear_kernel(2.5), "whole number"),
        (lambda: upsampling.transposed_upsampling(2, 32, start="cubic"), "cubic"),
        (lambda: upsampling.transposed_upsampling(2, 32, kernel_size=32), "size 64"),
        (lambda: upsampling.interpolation_matrix(2, 4, 2, edge="wrap"), "wrap"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_scores_alone_become_factor_times_as_many():
    scores = np.random.RandomState(0).normal(size=(2, 3, 5, 4)).astype("float32")
    layer = upsampling.BilinearUpsampling((2, 3))
    like = np.zeros((2, 6, 15, 1), "float32")
    alone, sized = (ops.convert_to_numpy(layer(inputs)) for inputs in (scores, [scores, like]))
    assert alone.shape == (2, 6, 15, 4) and np.array_equal(alone, sized)
    assert layer(keras.Input((None, 5, 4))).shape == (None, None, 15, 4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "float64", "float32"])
def test_the_layer_gives_the_dtype_that_it_declares(policy):
    """And places pixels beyond 2,048, where half precision counts in twos, as exactly as any."""
    if policy == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 by default")
    scores = np.random.RandomState(0).normal(size=(1, 1, 70, 2))
    layer = upsampling.BilinearUpsampling(32, dtype=policy)
    result = layer(scores)
    assert keras.backend.standardize_dtype(result.dtype) == layer(keras.Input((1, 70, 2))).dtype == layer.compute_dtype
    expected = scipy_bilinear(scores[0], (32, 32 * 70), (32, 32), (15.5, 15.5))
    place = {"float64": 1e-6, "float32": 1e-5}.get(policy, 0.05 if "bfloat" in policy else 0.005)
    found = ops.convert_to_numpy(ops.cast(result, "float32"))
    np.testing.assert_allclose(found[0], expected, atol=place)
