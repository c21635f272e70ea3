"""A user's own data set: lists of classes, masks as they come, which files belong together, and what is broken."""

import os

import numpy as np
import pytest
from PIL import Image

from fcn_tutorial.datasets import class_lists
from fcn_tutorial.datasets.folder import Folder
from fcn_tutorial.datasets.voc import CLASSES as VOC
from fcn_tutorial.datasets.voc import Voc
from fcn_tutorial.labels import Classes

RNG = np.random.default_rng(0)
COLOURS = {"ground": (10, 20, 30), "leaf": (0, 200, 0), "void": (224, 224, 192)}
LISTED = "".join(f"{name} {r} {g} {b}\n" for name, (r, g, b) in COLOURS.items())


def photo(size=(20, 30)):
    return Image.fromarray(RNG.integers(0, 256, (*size, 3), dtype=np.uint8))


def indices(size=(20, 30), values=(0, 1, 255)):
    return RNG.choice(np.array(values, np.uint8), size)


def as_colours(mask):
    table = np.zeros((256, 3), np.uint8)
    table[[0, 1, 255]] = list(COLOURS.values())
    return Image.fromarray(table[mask])


def write(folder, count=4, listed=LISTED, split="train", mask=as_colours):
    """A right data set of small pictures; returns the masks as indices by stem."""
    truth = {}
    for part in ("images", "masks"):
        (folder / split / part).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        size = (20 + number, 30)
        truth[f"p{number}"] = indices(size)
        photo(size).save(folder / split / "images" / f"p{number}.jpg")
        mask(truth[f"p{number}"]).save(folder / split / "masks" / f"p{number}.png")
    (folder / "classes.txt").write_text(listed, encoding="utf-8")
    return truth


def read_all(folder, split="train"):
    dataset = Folder(folder, split)
    return {os.path.basename(name).split(".")[0]: dataset[i][1] for i, name in enumerate(dataset.file_names)}


@pytest.mark.parametrize("form", ["colours", "indices", "palette", "palette without colours listed"])
def test_masks_are_read_as_they_come(tmp_path, form):
    def mask(labels):
        if form == "indices":
            return Image.fromarray(labels)
        return as_colours(labels).quantize(3) if form == "palette" else as_colours(labels)

    listed = LISTED
    if form == "palette without colours listed":
        listed = "ground\nleaf\n"

        def mask(labels):
            image = Image.fromarray(labels)
            image.putpalette(np.repeat(np.arange(256, dtype=np.uint8), 3).tolist())
            return image

    (tmp_path / "val").mkdir()
    truth = write(tmp_path, listed=listed, mask=mask)
    found = read_all(tmp_path)
    assert found.keys() == truth.keys()
    for stem, labels in truth.items():
        np.testing.assert_array_equal(found[stem], labels)


def test_a_fifth_is_set_aside_the_same_each_time_and_no_photo_is_in_both(tmp_path):
    write(tmp_path, count=30)
    parts = {split: set(Folder(tmp_path, split).file_names) for split in ("train", "val")}
    assert parts["train"].isdisjoint(parts["val"])
    assert len(parts["train"] | parts["val"]) == 30 and 1 <= len(parts["val"]) <= 12
    (tmp_path / "train" / "images" / "p0.jpg").rename(tmp_path / "train" / "images" / "new.jpg")
    (tmp_path / "train" / "masks" / "p0.png").rename(tmp_path / "train" / "masks" / "new.png")
    again = set(Folder(tmp_path, "val").file_names)
    assert {name for name in parts["val"] ^ again if "p0" not in name and "new" not in name} == set()


def test_two_photos_are_enough_for_train_and_val(tmp_path):
    write(tmp_path, count=2)
    assert len(Folder(tmp_path, "train")) == len(Folder(tmp_path, "val")) == 1


def test_endings_may_be_large_hidden_files_are_nothing_and_strangers_are_named(tmp_path):
    write(tmp_path, count=2, split="val")
    images = tmp_path / "val" / "images"
    (images / "p0.jpg").rename(images / "p0.JPG")
    (tmp_path / "val" / "masks" / "p1.png").rename(tmp_path / "val" / "masks" / "p1.Png")
    (images / "._p1.jpg").write_bytes(b"\0\5\x16\7")
    (images / "notes.txt").write_text("")
    dataset = Folder(tmp_path, "val")
    assert len(dataset) == 2 and [path.name for path in dataset.left_out] == ["notes.txt"]


@pytest.mark.parametrize("text", [LISTED, "\ufeff" + LISTED, LISTED.replace("\n", "\r\n"), "# mine\n\n" + LISTED])
def test_lists_of_classes_in_every_spelling(tmp_path, text):
    (tmp_path / "classes.txt").write_bytes(text.encode())
    found = class_lists.read(class_lists.find(tmp_path))
    assert found.classes == Classes(("ground", "leaf"), ((10, 20, 30), (0, 200, 0)), 255, (224, 224, 192))
    assert found.colours == {(10, 20, 30): 0, (0, 200, 0): 1, (224, 224, 192): 255}


def test_names_with_spaces_and_an_annotation_tools_list(tmp_path):
    (tmp_path / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ntraffic sign:0,0,128::\n"
    )
    found = class_lists.read(class_lists.find(tmp_path))
    assert found.classes.names == ("background", "traffic sign") and found.colours[0, 0, 128] == 1
    (tmp_path / "labelmap.txt").unlink()
    (tmp_path / "classes.txt").write_text("traffic sign 1 2 3\nU 2 net 4 5 6\n")
    assert class_lists.read(class_lists.find(tmp_path)).classes.names == ("traffic sign", "U 2 net")


def test_0_and_255_are_recognised_where_255_isnt_void(tmp_path):
    write(
        tmp_path,
        listed="ground\nleaf\n",
        mask=lambda labels: Image.fromarray(np.where(labels == 1, 255, 0).astype("uint8")),
    )
    with pytest.raises(
        ValueError, match=r"values \[255\] .*0 and 255 look like a mask of one thing and its background"
    ):
        Folder(tmp_path, "train", void=254)[0]


def test_a_class_may_have_the_grey_that_void_usually_has(tmp_path):
    """As the car in lists of classes that follow PASCAL VOC."""
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ncar:128,128,128::\n")
    found = class_lists.read(class_lists.find(tmp_path))
    assert found.colours == {(0, 0, 0): 0, (128, 128, 128): 1}
    assert found.classes.void_colour not in found.colours


def test_voc_in_its_own_layout(tmp_path):
    for part in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (tmp_path / part).mkdir(parents=True)
    labels = indices(values=(0, 15, 20, 255))
    mask = Image.fromarray(labels)
    mask.putpalette(VOC.palette.ravel().tolist())
    photo().save(tmp_path / "JPEGImages" / "2007_1.jpg")
    mask.save(tmp_path / "SegmentationClass" / "2007_1.png")
    (tmp_path / "ImageSets/Segmentation/val.txt").write_text("2007_1\n")
    dataset = Voc(tmp_path, "val")
    assert len(dataset) == 1 and dataset.classes.void == 255 and len(dataset.classes) == 21
    np.testing.assert_array_equal(dataset[0][1], labels)
    with pytest.raises(FileNotFoundError, match=r"Segmentation/train.txt; lists there: val"):
        Voc(tmp_path, "train")
    (tmp_path / "ImageSets/Segmentation/val.txt").write_text("2007_1\n2007_2\n")
    with pytest.raises(FileNotFoundError, match="2007_2.jpg"):
        Voc(tmp_path, "val")


def test_vocs_palette_is_the_one_of_its_development_kit():
    """As the kit's own loop makes it: three bits of the index a round, from the top down."""
    for index, colour in [*enumerate(VOC.colours), (255, VOC.void_colour)]:
        rgb, left = [0, 0, 0], index
        for shift in range(7, -1, -1):
            for channel in range(3):
                rgb[channel] |= (left >> channel & 1) << shift
            left >>= 3
        assert tuple(rgb) == colour
    assert VOC.colours[15] == (192, 128, 128)  # person


def _break(name, words, error=ValueError):
    def register(function):
        BROKEN[name] = (function, words, error)
        return function

    return register


BROKEN = {}


def masks(folder):
    return folder / "train" / "masks"


def images(folder):
    return folder / "train" / "images"


@_break("no list of classes", "no list of classes; expected classes.txt", FileNotFoundError)
def _(folder):
    (folder / "classes.txt").unlink()


@_break("two lists", "has both classes.txt and labelmap.txt")
def _(folder):
    (folder / "labelmap.txt").write_text("a:0,0,0::\n")


@_break("a name twice", "classes.txt: Two classes are called 'leaf'")
def _(folder):
    (folder / "classes.txt").write_text("leaf 1 2 3\nleaf 4 5 6\n")


@_break("a colour twice", r"classes.txt: 'leaf' and 'ground' have one colour, \(1, 2, 3\)")
def _(folder):
    (folder / "classes.txt").write_text("leaf 1 2 3\nground 1 2 3\n")


@_break("void's colour is a class's", "means void and a class|have one colour")
def _(folder):
    (folder / "classes.txt").write_text("leaf 1 2 3\nvoid 1 2 3\n")


@_break("some colours", "classes.txt: 'ground' has no colour and others have")
def _(folder):
    (folder / "classes.txt").write_text("leaf 1 2 3\nground\n")


@_break("a colour beyond 255", r"classes.txt, line 1 gives the colour \(1, 2, 300\)")
def _(folder):
    (folder / "classes.txt").write_text("leaf 1 2 300\n")


@_break("an empty list", "classes.txt: 0 classes were given")
def _(folder):
    (folder / "classes.txt").write_text("\n# nothing\n")


@_break("a list in another encoding", "classes.txt isn't text in UTF-8")
def _(folder):
    (folder / "classes.txt").write_bytes("blätter".encode("latin-1"))


@_break("a list with a terminal escape", "classes.txt: A class is called")
def _(folder):
    (folder / "classes.txt").write_text("leaf\x1b[31m\n")


@_break("256 classes", "classes.txt: 256 classes were given")
def _(folder):
    (folder / "classes.txt").write_text("".join(f"c{i}\n" for i in range(256)))


@_break("a missing mask", r"p1.jpg has no partner .*masks/p1.png \(1 such files\)", FileNotFoundError)
def _(folder):
    (masks(folder) / "p1.png").unlink()


@_break("a mask without a photo", "p1.png has no partner", FileNotFoundError)
def _(folder):
    (images(folder) / "p1.jpg").unlink()


@_break("no masks folder", r"p0.jpg has no partner .*masks/p0.png \(4 such files\)", FileNotFoundError)
def _(folder):
    masks(folder).rename(folder / "elsewhere")


@_break("no photos", "images holds no PNG image, and no photo of another format", FileNotFoundError)
def _(folder):
    for file in images(folder).iterdir():
        file.unlink()


@_break("no such folder", "has no train/; there are val", FileNotFoundError)
def _(folder):
    (folder / "train").rename(folder / "training")


@_break("two photos of one stem", "p1.png and p1.jpg have one stem")
def _(folder):
    photo().save(images(folder) / "p1.png")


@_break("two masks of one stem", "p1.png and p1.bmp have one stem")
def _(folder):
    as_colours(indices()).save(masks(folder) / "p1.bmp")


@_break("a size off by one", "p1.jpg: the image has 21x30 pixels and the mask 21x31")
def _(folder):
    as_colours(indices((21, 31))).save(masks(folder) / "p1.png")


@_break("a JPEG mask", "p1.jpg: a mask is one of PNG, BMP, GIF, TIFF")
def _(folder):
    (masks(folder) / "p1.png").unlink()
    as_colours(indices((21, 30))).save(masks(folder) / "p1.jpg")


@_break("a JPEG mask called PNG", "p1.png is a JPEG file, whatever its name says")
def _(folder):
    as_colours(indices((21, 30))).save(masks(folder) / "p1.png", "JPEG")


@_break("a JPEG in a TIFF", "p1.tif is compressed as JPEG")
def _(folder):
    (masks(folder) / "p1.png").unlink()
    as_colours(indices((21, 30))).save(masks(folder) / "p1.tif", compression="jpeg")


@_break("an RGBA mask", "p1.png is a picture of mode RGBA")
def _(folder):
    as_colours(indices((21, 30))).convert("RGBA").save(masks(folder) / "p1.png")


@_break("a 16-bit mask", r"p1.png holds the values \[257, 0\]|\[0, 257\]|\[257\]")
def _(folder):
    Image.fromarray(257 * indices((21, 30), (0, 1)).astype(np.uint16)).save(masks(folder) / "p1.png")


@_break("an unknown colour", r"p1.png holds the colours \[\(9, 9, 9\)\] \(\d.*% of the pixels\), which are no class's")
def _(folder):
    picture = np.array(as_colours(indices((21, 30))))
    picture[:4, :5] = 9
    Image.fromarray(picture).save(masks(folder) / "p1.png")


@_break("an unknown index", r"p1.png holds the values \[7\] \(\d.*% of the pixels\); expected class indices 0 to 1")
def _(folder):
    labels = indices((21, 30))
    labels[:4, :5] = 7
    Image.fromarray(labels).save(masks(folder) / "p1.png")


@_break("palettes that disagree", "The palettes disagree: index 0 is .* in .*p0.png and .* in .*p1.png")
def _(folder):
    (folder / "classes.txt").write_text("ground\nleaf\n")
    for number, start in ((0, 0), (1, 50), (2, 0), (3, 0)):
        mask = Image.fromarray(indices((20 + number, 30)))
        mask.putpalette([(start + value) % 256 for value in range(768)])
        mask.save(masks(folder) / f"p{number}.png")


@_break("an empty file", "p1.png can't be read as an image")
def _(folder):
    (masks(folder) / "p1.png").write_bytes(b"")


@_break("an empty photo", "p1.jpg can't be read as an image")
def _(folder):
    (images(folder) / "p1.jpg").write_bytes(b"")


@_break("a photo cut off", "p1.jpg can't be read as an image")
def _(folder):
    file = images(folder) / "p1.jpg"
    file.write_bytes(file.read_bytes()[:500])


@_break("a loop of links", "p1.jpg can't be read|no file .*p1.jpg", (OSError, ValueError))
def _(folder):
    (images(folder) / "p1.jpg").unlink()
    (images(folder) / "p1.jpg").symlink_to("p1.jpg")


@_break("a pipe", "p1.jpg is a pipe")
def _(folder):
    (images(folder) / "p1.jpg").unlink()
    os.mkfifo(images(folder) / "p1.jpg")


@pytest.mark.skipif(os.name == "nt", reason="links and pipes")
@pytest.mark.parametrize("kind", BROKEN)
def test_each_broken_data_set_gets_one_line_that_names_the_file(tmp_path, kind):
    write(tmp_path)
    (tmp_path / "val").mkdir()  # nothing is set aside
    function, words, error = BROKEN[kind]
    function(tmp_path)
    with pytest.raises(error, match=words) as raised:
        dataset = Folder(tmp_path, "train")
        for index in range(len(dataset)):
            dataset[index]
    assert str(tmp_path) in str(raised.value) and len(str(raised.value).splitlines()) == 1
