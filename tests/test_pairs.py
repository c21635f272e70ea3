"""Checks and resizing of an image with its mask, against plain loops and files written with Pillow."""

import numpy as np
import pytest
from PIL import Image

from fcn_tutorial import labels
from fcn_tutorial.datasets import masks, pairs

RNG = np.random.default_rng(0)


def image(height=6, width=7):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def mask(height=6, width=7):
    return RNG.integers(0, 12, (height, width), dtype=np.uint8)


@pytest.mark.parametrize("size", [(2, 2), (31, 33), (5000, 20), (361, 481)])
def test_good_pairs_of_any_size_pass_unchanged(size):
    given = image(*size), mask(*size)
    for before, after in zip(given, pairs.check_pair(*given, "a pair"), strict=True):
        assert after.dtype == np.uint8
        np.testing.assert_array_equal(after, before)


def test_mask_of_another_integer_type_becomes_uint8():
    wide = mask().astype(np.int64)
    checked = pairs.check_pair(image(), wide, "a pair")[1]
    assert checked.dtype == np.uint8
    np.testing.assert_array_equal(checked, wide)


@pytest.mark.parametrize(
    ("bad_image", "bad_mask", "expected"),
    [
        (image(), mask(7, 6), "6x7 pixels and the mask 7x6"),
        (image(), np.full((6, 7), 12), r"values \[12\].*0 to 10"),
        (image(), np.full((6, 7), -1), r"values \[-1\]"),
        (image(), image(), r"\(6, 7, 3\).*stored as colours"),
        (image(), mask().astype(np.float32), "float32"),
        (image().astype(np.float32), mask(), "float32.*expected .H, W, 3. uint8"),
        (np.full((6, 7, 3), np.nan), mask(), "NaN"),
        (np.full((6, 7, 3), np.inf, np.float32), mask(), "NaN or infinite"),
        (mask(), mask(), r"shape \(6, 7\)"),
        (RNG.integers(0, 256, (6, 7, 4), dtype=np.uint8), mask(), r"shape \(6, 7, 4\)"),
        (image(1, 1), mask(1, 1), "1x1 pixels; expected at least 2x2"),
        (image(1, 50), mask(1, 50), "1x50 pixels"),
    ],
)
def test_bad_pairs_are_refused_by_name(bad_image, bad_mask, expected):
    with pytest.raises(ValueError, match=expected) as raised:
        pairs.check_pair(bad_image, bad_mask, "street_17")
    assert "street_17" in str(raised.value)


def test_palette_mask_gives_indices_not_colours(tmp_path):
    indices = mask(5, 9)
    file = Image.fromarray(indices)
    file.putpalette(labels.PALETTE.tobytes())
    file.save(tmp_path / "mask.png")
    assert Image.open(tmp_path / "mask.png").mode == "P"
    np.testing.assert_array_equal(masks.read_mask(tmp_path / "mask.png"), indices)


def test_one_channel_mask_gives_its_values(tmp_path):
    Image.fromarray(mask(5, 9)).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(masks.read_mask(tmp_path / "mask.png"), np.asarray(Image.open(tmp_path / "mask.png")))


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (labels.PALETTE[mask()], "stored as colours"),
        (np.full((4, 4), 255, np.uint8), r"values \[255\]"),
        (np.full((4, 4), 300, np.uint16), r"values \[300\]"),
        (np.zeros((4, 4), bool), "bool"),
    ],
)
def test_bad_mask_files_are_refused_by_path(tmp_path, bad, expected):
    Image.fromarray(bad).save(tmp_path / "bad.png")
    with pytest.raises(ValueError, match=expected) as raised:
        masks.read_mask(tmp_path / "bad.png")
    assert "bad.png" in str(raised.value)


def saved_mask(path, indices, palette=None, **options):
    file = Image.fromarray(indices)
    if palette is not None:
        file.putpalette(np.asarray(palette, np.uint8).tobytes())
    file.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["mask.png", "mask.bmp", "mask.tif", "mask.gif"])
def test_masks_without_loss_are_read_exactly(tmp_path, name):
    indices = np.arange(12, dtype=np.uint8).repeat(6).reshape(8, 9)
    palette = RNG.permutation(256)[:, None] * np.ones(3, int)  # greys that are no index
    np.testing.assert_array_equal(masks.read_mask(saved_mask(tmp_path / name, indices, palette)), indices)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PPM"])
def test_a_mask_of_a_format_that_changes_pixels_is_refused_whatever_its_name(tmp_path, form):
    saved_mask(tmp_path / "mask.png", mask(40, 40), format=form)
    with pytest.raises(ValueError, match=f"mask.png is a {form} file.*PNG, BMP, GIF, TIFF.*as PNG"):
        masks.read_mask(tmp_path / "mask.png")


def test_a_mask_with_jpeg_inside_tiff_is_refused(tmp_path):
    saved_mask(tmp_path / "mask.tif", mask(40, 40), compression="jpeg")
    with pytest.raises(ValueError, match="mask.tif is compressed as JPEG.*PNG"):
        masks.read_mask(tmp_path / "mask.tif")
    for compression in ("tiff_lzw", "tiff_deflate", "raw"):
        indices = mask(40, 40)
        saved_mask(tmp_path / "mask.tif", indices, compression=compression)
        np.testing.assert_array_equal(masks.read_mask(tmp_path / "mask.tif"), indices)


def test_nobody_is_told_to_save_a_damaged_mask_as_jpeg(tmp_path):
    saved_mask(tmp_path / "mask.png", mask(40, 40))
    (tmp_path / "mask.png").write_bytes((tmp_path / "mask.png").read_bytes()[:300])
    with pytest.raises(ValueError, match="mask.png.*cut off") as raised:
        masks.read_mask(tmp_path / "mask.png")
    assert "JPEG" not in str(raised.value) and "save it as PNG" in str(raised.value)


def test_a_palette_with_the_courses_colours_in_another_order_is_refused(tmp_path):
    """What is saved with an adaptive palette: the picture looks the same, its indices are others."""
    truth = np.array([[5] * 8, [5] * 8, [3] * 8, [0] * 8], np.uint8)
    shown = Image.fromarray(labels.colour(truth)).convert("P", palette=Image.Palette.ADAPTIVE)
    shown.save(tmp_path / "mask.png")
    assert not np.array_equal(np.asarray(shown), truth)
    np.testing.assert_array_equal(np.asarray(shown.convert("RGB")), labels.colour(truth))
    with pytest.raises(ValueError, match=r"mask.png has the colour of class \d+ \((sky|road|tree)\).*labels.PALETTE"):
        masks.read_mask(tmp_path / "mask.png")


def test_other_peoples_palettes_pass_even_with_voids_grey_in_them(tmp_path):
    indices = mask(12, 12)
    for palette in (labels.PALETTE, 20 * np.arange(12)[:, None] + np.ones(3, int)):
        file = saved_mask(tmp_path / "mask.png", indices, palette)
        np.testing.assert_array_equal(masks.read_mask(file), indices)
    camvid = np.zeros((12, 3), int)
    camvid[0] = 128  # CamVid's own colour of the sky is the course's of void
    np.testing.assert_array_equal(masks.read_mask(saved_mask(tmp_path / "mask.png", indices, camvid)), indices)


def test_bands_are_all_rows_in_order():
    for shape in ((1, 5), (5000, 700, 3), (3, 3_000_000)):
        rows = [range(*part.indices(shape[0])) for part in pairs.bands(np.broadcast_to(np.uint8(0), shape))]
        assert [row for part in rows for row in part] == list(range(shape[0]))
        assert all(len(part) == 1 or len(part) * shape[1] <= 2**20 for part in rows)


def test_missing_mask_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.png"):
        masks.read_mask(tmp_path / "nowhere.png")


@pytest.mark.parametrize("size", [(4, 4), (6, 7), (13, 29), (3, 5), (1, 1)])
def test_mask_resizing_takes_the_nearest_pixel(size):
    given = mask(6, 7)
    resized = pairs.resize_mask(given, size)
    assert resized.shape == size and resized.dtype == np.uint8
    for i in range(size[0]):
        for j in range(size[1]):
            row, column = (2 * i + 1) * 6 / (2 * size[0]), (2 * j + 1) * 7 / (2 * size[1])
            # A centre that falls between two pixels may take either.
            near = given[int(np.ceil(row)) - 1 : int(row) + 1, int(np.ceil(column)) - 1 : int(column) + 1]
            assert resized[i, j] in near


def triangle_weights(old, new):
    """(new, old) weights of bilinear interpolation, the triangle widened to the step where pixels are left out."""
    scale = old / new
    reach = max(scale, 1)
    distance = np.abs((np.arange(new)[:, None] + 0.5) * scale - (np.arange(old) + 0.5)) / reach
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("size", [(12, 14), (3, 7), (9, 4)])
def test_image_resizing_is_bilinear_and_antialiased(size):
    given = image(6, 7)
    rows, columns = triangle_weights(6, size[0]), triangle_weights(7, size[1])
    expected = np.einsum("ih,jw,hwc->ijc", rows, columns, given.astype(float))
    resized = pairs.resize_image(given, size)
    assert resized.dtype == np.uint8
    assert np.abs(resized - expected).max() <= 1.01  # Pillow rounds after each of its two passes


@pytest.mark.parametrize("size", [(0, 4), (4, -1), (2.5, 4)])
def test_bad_sizes_are_refused(size):
    with pytest.raises(ValueError, match="height, width"):
        pairs.resize_mask(mask(), size)
