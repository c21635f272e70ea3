"""Photos by name and from files of every kind, against NumPy and files written with Pillow in a temporary folder."""

import os
import socket
import sys
import threading

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from fcn_tutorial.datasets import photos
from fcn_tutorial.paths import data_file

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (31, 33, 3), dtype=np.uint8)
GREY = RGB[..., 0]
ORIENTATION = 0x0112  # EXIF tag


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a photo must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def saved(folder, image, name="photo.png", **options):
    image.save(folder / name, **options)
    return photos.load(folder / name)


def same_grey(grey):
    return np.stack([grey] * 3, axis=-1)


def test_all_names_are_carried_by_the_course_and_the_installed_packages():
    carried = ["astronaut", "camera", "chelsea", "china", "coffee", "crossing", "flower", "rocket", "street"]
    assert photos.names() == carried


@pytest.mark.parametrize(("name", "shape"), [("street", (540, 960, 3)), ("crossing", (720, 960, 3))])
def test_the_courses_own_photos_are_small_and_bare(name, shape):
    photo = photos.load(name)
    assert photo.shape == shape and photo.dtype == np.uint8
    file = data_file(f"{name}.jpg")
    assert file.stat().st_size <= 120_000
    with Image.open(file) as image:
        assert not image.getexif() and not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()


def test_a_photo_that_is_missing_is_no_name_and_said_so(monkeypatch):
    def nothing(name):
        raise FileNotFoundError(f"data/{name} was not found")

    monkeypatch.setattr(photos, "data_file", nothing)
    monkeypatch.setitem(photos._PHOTOS, "flower", ("sklearn", "datasets/images/gone.jpg", "nobody"))
    assert photos.names() == ["astronaut", "camera", "chelsea", "china", "coffee", "rocket"]
    with pytest.raises(FileNotFoundError, match="data/street.jpg was not found"):
        photos.load("street")
    with pytest.raises(FileNotFoundError, match="gone.jpg. Install scikit-learn"):
        photos.load("flower")


@pytest.mark.parametrize(
    ("name", "shape"),
    [("chelsea", (300, 451, 3)), ("coffee", (400, 600, 3)), ("rocket", (427, 640, 3)), ("camera", (512, 512, 3))],
)
def test_scikit_image_photos_are_its_own(name, shape):
    import skimage.data

    photo = photos.load(name)
    assert photo.shape == shape and photo.dtype == np.uint8
    reference = getattr(skimage.data, name)()
    np.testing.assert_array_equal(photo, reference if reference.ndim == 3 else same_grey(reference))


@pytest.mark.parametrize("name", ["china", "flower"])
def test_scikit_learn_photos_are_its_own(name):
    from sklearn.datasets import load_sample_image

    np.testing.assert_array_equal(photos.load(name), load_sample_image(f"{name}.jpg"))


def test_attributions_name_author_and_licence():
    assert all(photos.attribution(name) for name in photos.names())
    assert "danielbuechele" in photos.attribution("china") and "CC BY 2.0" in photos.attribution("china")
    licence = data_file("photos_license.txt").read_text(encoding="utf-8")
    for name in ("street", "crossing"):
        assert "Adrien Pavie" in photos.attribution(name) and "MIT" in photos.attribution(name)
        assert f"data/{name}.jpg" in licence
    assert "Copyright (c) 2022 Adrien Pavie" in licence and "Permission is hereby granted" in licence
    with pytest.raises(ValueError, match="'chine'.*china"):
        photos.attribution("chine")


@pytest.mark.parametrize("shape", [(31, 33, 3), (32, 32, 3), (361, 481, 3), (5000, 20, 3), (2, 2, 3)])
def test_rgb_of_any_size_is_unchanged(tmp_path, shape):
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(saved(tmp_path, Image.fromarray(pixels)), pixels)


def test_path_may_be_text(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "photo.png")
    np.testing.assert_array_equal(photos.load(str(tmp_path / "photo.png")), RGB)


def test_grey_and_black_and_white(tmp_path):
    np.testing.assert_array_equal(saved(tmp_path, Image.fromarray(GREY)), same_grey(GREY))
    np.testing.assert_array_equal(saved(tmp_path, Image.fromarray(GREY > 99)), same_grey((GREY > 99) * np.uint8(255)))


@pytest.mark.parametrize("name", ["photo.png", "photo.tif", "photo.pgm"])
def test_16_bit_grey_is_scaled_not_cut_off(tmp_path, name):
    deep = RNG.integers(0, 65536, (31, 33), dtype=np.uint16)
    deep[0, :2] = 0, 65535
    expected = np.floor(deep / 65535 * 255 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(saved(tmp_path, Image.fromarray(deep), name), same_grey(expected))


def test_32_bit_and_floating_point_are_refused(tmp_path):
    with pytest.raises(ValueError, match="70000; expected 0 to 65535"):
        saved(tmp_path, Image.fromarray(np.full((4, 4), 70000, np.int32)), "photo.tif")
    with pytest.raises(ValueError, match="photo.tif holds floating-point values"):
        saved(tmp_path, Image.fromarray(np.full((4, 4), np.nan, np.float32)), "photo.tif")


def on_white(rgb, alpha):
    share = alpha[..., None] / 255
    return rgb * share + 255 * (1 - share)


def test_transparent_pixels_lie_on_white(tmp_path):
    alpha = RNG.integers(0, 256, GREY.shape, dtype=np.uint8)
    alpha[0, :2] = 0, 255
    rgba = Image.fromarray(np.dstack([RGB, alpha]))
    photo = saved(tmp_path, rgba)
    assert np.abs(photo - on_white(RGB, alpha)).max() <= 1
    assert photo[0, 0].tolist() == [255, 255, 255] and photo[0, 1].tolist() == RGB[0, 1].tolist()
    grey = saved(tmp_path, Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)]))
    assert np.abs(grey - on_white(same_grey(GREY), alpha)).max() <= 1


def test_palette_gives_colours_and_its_transparent_entry_white(tmp_path):
    colours = RNG.integers(0, 255, (4, 3), dtype=np.uint8)
    indices = RNG.integers(0, 4, (31, 33), dtype=np.uint8)
    image = Image.fromarray(indices)
    image.putpalette(colours.tobytes())
    np.testing.assert_array_equal(saved(tmp_path, image), colours[indices])
    colours[2] = 255
    np.testing.assert_array_equal(saved(tmp_path, image, transparency=2), colours[indices])


@pytest.mark.parametrize("name", ["photo.tif", "photo.jpg"])
def test_cmyk_becomes_rgb(tmp_path, name):
    ink = np.zeros((32, 32, 4), np.uint8)
    ink[:16, :, 0] = 255  # cyan above, black below
    ink[16:, :, 3] = 255
    expected = np.zeros((32, 32, 3), np.uint8)
    expected[:16] = 0, 255, 255
    image = Image.merge("CMYK", [Image.fromarray(channel) for channel in np.moveaxis(ink, 2, 0)])
    assert np.abs(saved(tmp_path, image, name).astype(int) - expected).max() <= 4


# What a viewer must do to the stored pixels, by EXIF orientation.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", ["photo.png", "photo.tif", "photo.webp"])
def test_exif_orientation_is_followed(tmp_path, orientation, name):
    image = Image.fromarray(RGB)
    image.getexif()[ORIENTATION] = orientation
    options = {"lossless": True} if name.endswith("webp") else {}
    photo = saved(tmp_path, image, name, exif=image.getexif(), **options)
    np.testing.assert_array_equal(photo, UPRIGHT[orientation](RGB))


def test_exif_orientation_of_jpeg_and_of_16_bit(tmp_path):
    half = np.zeros((32, 48), np.uint8)
    half[:, :16] = 255
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    photo = saved(tmp_path, Image.fromarray(half), "photo.jpg", exif=exif)
    assert photo.shape == (48, 32, 3)
    assert np.abs(photo.astype(int) - same_grey(UPRIGHT[6](half))).max() <= 4
    deep = saved(tmp_path, Image.fromarray(half.astype(np.uint16) * 257), exif=exif)
    np.testing.assert_array_equal(deep, same_grey(UPRIGHT[6](half)))


@pytest.mark.parametrize(("name", "options"), [("p.png", {}), ("p.jpg", {}), ("p.jpg", {"progressive": True})])
def test_cut_off_file_is_refused_or_complete(tmp_path, name, options):
    whole = saved(tmp_path, Image.fromarray(RGB), name, **options)
    content = (tmp_path / name).read_bytes()
    for length in [*range(0, len(content), 37), *range(len(content) - 30, len(content))]:
        (tmp_path / name).write_bytes(content[:length])
        try:
            photo = photos.load(tmp_path / name)
        except ValueError as error:
            assert name in str(error) and "cut off" in str(error)
        else:
            assert length >= len(content) - 30
            np.testing.assert_array_equal(photo, whole)


def test_file_that_is_no_image(tmp_path):
    (tmp_path / "notes.jpg").write_text("My holidays")
    with pytest.raises(ValueError, match=r"notes.jpg can't be read as an image"):
        photos.load(tmp_path / "notes.jpg")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="chelsa.*chelsea, china"):
        photos.load("chelsa")
    with pytest.raises(FileNotFoundError, match="away.png"):
        photos.load(tmp_path / "away.png")
    with pytest.raises(ValueError, match="is a folder"):
        photos.load(tmp_path)


def refused(path):
    """What is said of a photo that can't be had, within ten seconds."""
    said = []

    def load():
        try:
            photos.load(path)
        except (ValueError, OSError) as error:
            said.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), f"{path} is waited for"
    return said[0]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices with a path there")
def test_pipes_sockets_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.jpg"))
        for path in (tmp_path / "pipe.jpg", tmp_path / "socket.jpg", "/dev/zero"):
            error = refused(path)
            assert isinstance(error, ValueError) and "a pipe, a socket or a device" in str(error)


def test_a_name_that_the_system_refuses_is_said_in_one_sentence():
    error = refused("a" * 300 + ".jpg")
    assert isinstance(error, OSError) and str(error).startswith("aaa") and "can't be read" in str(error)
    assert "Errno" not in str(error)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the administrator may read everything")
def test_a_photo_that_may_not_be_read_is_named(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "private.png")
    (tmp_path / "private.png").chmod(0)
    error = refused(tmp_path / "private.png")
    assert isinstance(error, PermissionError) and "private.png can't be read" in str(error)


def test_a_name_that_begins_like_a_home_folder_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(RGB).save("~nobody-here.png")
    np.testing.assert_array_equal(photos.load("~nobody-here.png"), RGB)


@pytest.mark.parametrize("name", ["holiday.jpg", "holiday.eps"])
def test_no_format_is_opened_that_starts_another_program(tmp_path, monkeypatch, name):
    started = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: started.append(name))
    Image.fromarray(RGB).save(tmp_path / name, format="EPS")
    with pytest.raises(ValueError, match=f"{name} can't be read.*JPEG, PNG, BMP, GIF, TIFF, WEBP, PPM"):
        photos.load(tmp_path / name)
    assert started == []


def test_a_photo_of_several_pictures_as_cameras_write_it_is_read(tmp_path):
    first, second = Image.fromarray(np.full((32, 48, 3), 90, np.uint8)), Image.fromarray(RGB)
    first.save(tmp_path / "photo.jpg", format="MPO", save_all=True, append_images=[second])
    assert photos.load(tmp_path / "photo.jpg").shape == (32, 48, 3)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "CMYK", "L", "I;16"])
def test_a_photo_converted_in_parts_is_the_same(tmp_path, monkeypatch, mode):
    if mode == "I;16":
        image = Image.fromarray(RNG.integers(0, 65536, (31, 33), dtype=np.uint16))
    else:
        image = Image.fromarray(RNG.integers(0, 256, (31, 33, 4), dtype=np.uint8), "RGBA").convert(mode)
    name = "photo.tif" if mode == "CMYK" else "photo.png"
    whole = saved(tmp_path, image, name)
    monkeypatch.setattr(photos, "bands", lambda array: [slice(0, 7), slice(7, 30), slice(30, 31)])
    np.testing.assert_array_equal(photos.load(tmp_path / name), whole)


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.bmp", "p.gif", "p.tif", "p.webp", "p.ppm"])
def test_damaged_bytes_give_a_photo_or_one_documented_error(tmp_path, name):
    random = np.random.default_rng(1)
    Image.fromarray(RGB).save(tmp_path / name)
    content = np.frombuffer((tmp_path / name).read_bytes(), np.uint8)
    for _ in range(60):
        damaged = content.copy()
        places = random.integers(0, min(len(damaged), random.choice([40, 200, 10**6])), random.integers(1, 6))
        damaged[places] = random.integers(0, 256, len(places))
        (tmp_path / name).write_bytes(damaged.tobytes())
        try:
            photo = photos.load(tmp_path / name)
        except ValueError as error:
            assert name in str(error)
        else:
            assert photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3


def test_one_pixel_is_refused(tmp_path):
    with pytest.raises(ValueError, match="1x1 pixels; expected at least 2x2"):
        saved(tmp_path, Image.fromarray(RGB[:1, :1]))


@pytest.mark.parametrize("limit", [600, 300])  # Pillow warns above its limit and refuses above twice as much
def test_limit_of_pixels_is_kept(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ValueError, match=f"photo.png has more than {limit} pixels"):
        saved(tmp_path, Image.fromarray(RGB))


@pytest.mark.parametrize("shape", [(300, 451), (224, 224), (225, 224), (224, 231)])
def test_centre_crop_is_the_middle(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    crop = photos.centre_crop(np.dstack([rows, columns]))
    assert crop.shape == (224, 224, 2)
    for axis in (0, 1):
        before, after = crop[0, 0, axis], shape[axis] - 1 - crop[-1, -1, axis]
        assert after - before in (0, 1)
        assert crop[-1, -1, axis] - crop[0, 0, axis] == 223


def test_centre_crop_must_fit():
    with pytest.raises(ValueError, match="224x224 pixels.*31x33.*resize_short_side"):
        photos.centre_crop(RGB)


@pytest.mark.parametrize(("shape", "expected"), [((31, 33), (62, 66)), ((33, 31), (66, 62)), ((4, 1000), (62, 15500))])
def test_resize_short_side_keeps_proportions(shape, expected):
    assert photos.resize_short_side(np.zeros((*shape, 3), np.uint8), 62).shape[:2] == expected
