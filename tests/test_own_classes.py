"""A user's own classes, from a folder of photos and masks to a labelled photo; CamVid's eleven are one case of them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from camvid_here import camvid_folder
from PIL import Image
from small_backbone import shake, small_backbone

from fcn_tutorial import backbones, labels, models, segmenting, training, weights
from fcn_tutorial.__main__ import main
from fcn_tutorial.datasets import batches, image_files, sizes, voc
from fcn_tutorial.datasets.camvid import CamVid
from fcn_tutorial.datasets.folder import Folder
from fcn_tutorial.datasets.street_scenes import StreetScenes
from fcn_tutorial.labels import CAMVID, Classes
from fcn_tutorial.losses import balancing_weights, pixel_cross_entropy, upsampled_cross_entropy
from fcn_tutorial.metrics import confusion_matrix, scores
from fcn_tutorial.upsampling import BilinearUpsampling
from fcn_tutorial.weights import cards

RNG = np.random.default_rng(0)
FOUR = Classes(("ground", "buildings", "sky", "green"), ((90, 60, 60), (200, 120, 40), (80, 160, 250), (20, 160, 20)))
MERGED = {"road": 0, "pavement": 0, "sky": 2, "tree": 3}  # all other classes: 1
SIZES = ((72, 104), (64, 96), (80, 128), (96, 100))
ROOT = Path(__file__).parent.parent


def merged(mask):
    """CamVid's classes as the four, void as 255."""
    table = np.full(12, 255, np.uint8)
    table[:11] = [MERGED.get(name, 1) for name in labels.CLASSES]
    return table[mask]


def write_scenes(folder, count=6):
    """Street scenes of several sizes as somebody would keep them: JPEG photos, masks of colours, odd endings."""
    (folder / "train" / "images").mkdir(parents=True)
    (folder / "train" / "masks").mkdir()
    for number in range(count):
        image, mask = StreetScenes(number + 1, SIZES[number % len(SIZES)])[number]
        name = f"a street {number}"
        ending, mask_ending = (("JPG", "Png"), ("jpeg", "PNG"), ("jpg", "png"))[number % 3]
        Image.fromarray(image).save(folder / "train" / "images" / f"{name}.{ending}", "JPEG")
        Image.fromarray(FOUR.palette[merged(mask)]).save(folder / "train" / "masks" / f"{name}.{mask_ending}", "PNG")
    lines = [f"{name} {r} {g} {b}" for name, (r, g, b) in zip(FOUR.names, FOUR.colours, strict=True)]
    (folder / "classes.txt").write_text("\n".join([*lines, "void 128 128 128"]) + "\n")
    return folder


@pytest.fixture
def small(monkeypatch):
    """Every backbone is the small one: what the command line does with it is the same."""
    monkeypatch.setattr(backbones, "load", lambda name, weights="imagenet": small_backbone(0 if weights else 1))


def said(capsys, *arguments, status=0):
    """What the command line prints: the JSON of a verb that is asked for it, else the text or what is wrong."""
    assert main([str(argument) for argument in arguments]) == status
    printed = capsys.readouterr()
    if "--json" in arguments:
        return json.loads(printed.out)
    return printed.err if status else printed.out


def test_a_folder_of_ones_own_trains_is_evaluated_and_labels_a_photo(small, tmp_path, capsys):
    data = ["--data", "folder", "--data-dir", write_scenes(tmp_path / "my_data")]
    out = tmp_path / "my.weights.h5"
    train = ["train", "fcn8s", *data, "--epochs", "1", "--batch", "2", "--balance", "--out", out]
    text = said(capsys, *train)
    assert "4 classes, loss" in text and "a fifth of train/ is set aside" in text
    assert "The images have 3 sizes: crops of 64x96 pixels were trained on." in text  # one image is set aside
    card = weights.read_card(out)
    assert cards.classes(card) == FOUR and card["training"]["size"] == list(sizes.common_crop(SIZES))
    assert weights.load(out).classes == FOUR
    assert said(capsys, *train, "--resume", "--json")["classes"] == 4
    result = said(capsys, "evaluate", out, *data, "--split", "train", "--json")
    assert tuple(result["per_class_iou"]) == FOUR.names and "each was seen at its own" in result["remarks"][-1]
    photo = next((tmp_path / "my_data" / "train" / "images").iterdir())
    said(capsys, "segment", photo, "--weights", out, "--out", tmp_path / "out")
    with Image.open(tmp_path / "out" / f"{photo.stem}_labels.png") as label_map:
        assert np.asarray(label_map).max() < 4
        np.testing.assert_array_equal(np.reshape(label_map.getpalette(), (256, 3)), FOUR.palette)
    assert "4 classes and the data set street 11" in said(capsys, "evaluate", out, "--data", "street", status=1)
    (tmp_path / "my_data" / "classes.txt").write_text(
        (tmp_path / "my_data" / "classes.txt").read_text().replace("sky", "heaven")
    )
    error = said(capsys, "evaluate", out, *data, status=1)
    assert "class 2 is 'sky' in the first and 'heaven' in the second" in error and error.count("\n") == 1
    assert "was trained on folder" in said(capsys, *train, "--resume", status=1)


@pytest.mark.parametrize(
    "options, size, words",
    [
        (["--crop", "48x64"], (48, 64), "Crops of 48x64"),
        (["--size", "64x64"], (64, 64), "resized to 64x64"),
        (["--size", "64x96", "--crop", "40x72"], (40, 72), "resized to 64x96 pixels.\nCrops of 40x72"),
    ],
)
def test_images_of_several_sizes_are_cut_or_resized_as_asked(
    small, tmp_path, capsys, monkeypatch, options, size, words
):
    played = []
    monkeypatch.setattr(training, "_train_epochs", lambda *arguments: played.append(arguments) or [2.0, 1.0])
    data = ["--data", "folder", "--data-dir", write_scenes(tmp_path / "d"), "--epochs", "1"]
    assert words in said(capsys, "train", "fcn32s", *data, *options, "--out", tmp_path / "a.weights.h5")
    ((_, _, made, card, *_),) = played
    assert card["size"] == list(size) and made[0][1].shape[1:] == size


def test_vocs_layout_with_its_21_classes(small, tmp_path, capsys):
    folder, out = tmp_path / "VOC2012", tmp_path / "voc.weights.h5"
    for place in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (folder / place).mkdir(parents=True)
    for number in range(2):
        mask = np.array([[0, 15], [8, 255]], np.uint8).repeat(32, 0).repeat(40, 1)
        Image.fromarray(RNG.integers(0, 256, (*mask.shape, 3), dtype=np.uint8)).save(
            folder / f"JPEGImages/{number}.jpg"
        )
        picture = Image.fromarray(mask)
        picture.putpalette(voc.CLASSES.palette.ravel().tolist())
        picture.save(folder / f"SegmentationClass/{number}.png")
    (folder / "ImageSets/Segmentation/train.txt").write_text("0\n1\n")
    data = ["--data", "voc", "--data-dir", folder]
    said(capsys, "train", "fcn32s", *data, "--epochs", "1", "--balance", "--out", out)
    result = said(capsys, "evaluate", out, *data, "--split", "train", "--json")
    assert len(result["per_class_iou"]) == 21 and set(result["per_class_iou"]) == set(voc.NAMES)
    said(capsys, "segment", folder / "JPEGImages/0.jpg", "--weights", out, "--out", tmp_path / "out")
    with Image.open(tmp_path / "out" / "0_labels.png") as label_map:
        np.testing.assert_array_equal(np.reshape(label_map.getpalette(), (256, 3)), voc.CLASSES.palette)
    assert "no list ImageSets/Segmentation/val.txt" in said(capsys, "evaluate", out, *data, status=1)
    assert said(capsys, "look", *data, "--json")["splits"][0]["void_share"] == 0.25


def test_camvid_as_a_plain_folder_gives_the_same_figures(tmp_path):
    frames = CamVid(camvid_folder(), "val", 3)
    for part in ("images", "masks"):
        (tmp_path / "val" / part).mkdir(parents=True)
    for photo, mask in frames.files:
        (tmp_path / "val" / "images" / photo.name).symlink_to(photo.resolve())
        (tmp_path / "val" / "masks" / mask.name).symlink_to(mask.resolve())
    (tmp_path / "classes.txt").write_text("\n".join(labels.CLASSES))
    folder = Folder(tmp_path, "val", void=11)
    assert folder.classes.names == frames.classes.names
    network = models.fcn8s(small_backbone())
    shake(network.scores)
    expected = training.evaluate(network, frames, progress=False)
    np.testing.assert_array_equal(training.evaluate(network, folder, progress=False), expected)
    np.testing.assert_array_equal(balancing_weights(folder, 11), balancing_weights(frames, 11))


@pytest.mark.parametrize("count", [2, 21, 150])
@pytest.mark.parametrize("stride", [8, 32])
def test_the_fast_loss_is_the_plain_one_for_any_number_of_classes(count, stride):
    truth = RNG.integers(0, count, (2, 45, 70))
    truth[RNG.random(truth.shape) < 0.2] = 255
    scores = RNG.normal(0, 3, (2, -(-45 // stride), -(-70 // stride), count)).astype("float32")
    logits = BilinearUpsampling(stride)([scores, np.zeros((2, 45, 70, 1), "float32")])
    fast = float(upsampled_cross_entropy(truth, scores, stride, void=255))
    assert fast == pytest.approx(float(pixel_cross_entropy(truth, logits, void=255)), rel=1e-5)


@pytest.mark.parametrize("classes", [FOUR, voc.CLASSES, Classes([f"class {n}" for n in range(150)], void=200), CAMVID])
def test_weights_remember_their_classes(small, tmp_path, classes):
    weights.save(models.fcn32s(small_backbone(), classes), tmp_path / "a.weights.h5")
    assert weights.load(tmp_path / "a.weights.h5").classes == classes


def test_a_card_without_colours_is_of_camvid_or_of_names_alone():
    assert cards.classes({"classes": list(labels.CLASSES)}) is CAMVID
    assert cards.classes({"classes": ["thing", "other"]}) == Classes(("thing", "other"))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"colours": None}, "its colours aren't lists"),
        ({"colours": [[0, 0, 0]] * 4}, "have one colour"),
        ({"colours": [[0, 0, 1]]}, "1 colours for 4 classes"),
        ({"colours": [[0, 0, 2**70]] * 4}, "its colours aren't"),
        ({"colours": [[0, 0, True]] * 4}, "its colours aren't"),
        ({"void_colour": "red"}, "its colours aren't"),
        ({"void": 3}, "void is 3"),
        ({"void": 256}, "its void is 256"),
        ({"void": "x" * 5000}, "its void is 'xxx"),
    ],
)
def test_a_card_with_bad_colours_is_refused(change, words):
    card = {"network": "fcn8s", "backbone": "small", **cards.of_classes(FOUR), "part": "head", "training": {}}
    cards.check(card, "a.weights.h5")
    with pytest.raises(ValueError, match=words) as caught:
        cards.check(card | change, "a.weights.h5")
    assert len(str(caught.value)) < 400
    with pytest.raises(ValueError, match="void alone, expected all or none"):
        cards.check({key: value for key, value in card.items() if "colour" not in key}, "a.weights.h5")


@pytest.mark.parametrize("file", sorted((ROOT / "data").glob("*.weights.h5")), ids=lambda file: file.name[:-11])
def test_the_courses_own_weights_are_of_camvids_classes(file):
    assert cards.classes(weights.read_card(file)) is CAMVID


class Pairs(list):
    """A list of pairs with classes of its own."""

    classes = FOUR


def test_training_needs_two_classes_and_those_of_the_network():
    image = np.zeros((32, 32, 3), np.uint8)
    mask = np.zeros((32, 32), np.uint8)
    with pytest.raises(ValueError, match=r"of one class, 'ground' \(0\).* Check its masks"):
        batches.check_learnable(Pairs([(image, mask)] * 3))
    half = mask.copy()
    half[16:] = 255
    with pytest.raises(ValueError, match="0 and 255 look like a mask of one thing"):
        batches.check_learnable(Pairs([(image, mask), (image, half)]))
    batches.check_learnable(Pairs([(image, mask), (image, half), (image, mask + 3)]))
    with pytest.raises(ValueError, match=r"the mask of Pairs\[0\] holds float64 values"):
        batches.check_learnable(Pairs([(image, mask.astype(float))]))
    with pytest.raises(ValueError, match=r"the mask of Pairs\[0\] holds the values \[4\]"):
        batches.check_learnable(Pairs([(image, mask + 4)]))
    network = models.fcn32s(small_backbone(), Classes(("ground", "walls", "sky", "green")))
    for call in (training.train, training.evaluate):
        with pytest.raises(ValueError, match="class 1 is 'walls' in the first and 'buildings' in the second"):
            call(network, Pairs([(image, half)]), progress=False)


def test_a_data_set_of_many_images_is_learnable_after_two():
    class Many(Pairs):
        def __len__(self):
            return 10**9

        def __getitem__(self, index):
            assert index < 2
            return np.zeros((8, 8, 3), np.uint8), np.full((8, 8), index, np.uint8)

    batches.check_learnable(Many())


@pytest.mark.parametrize(
    "given, crop",
    [
        ([(360, 480)], (360, 480)),
        ([(300, 500), (400, 341)], (300, 341)),
        ([(39, 31), (50, 20)], (39, 32)),
    ],
)
def test_the_common_crop_is_the_largest_that_fits(given, crop):
    assert sizes.common_crop(given) == crop


def test_a_fixed_crop_is_the_same_in_every_epoch_and_a_size_mixes_no_classes():
    image = RNG.integers(0, 256, (60, 90, 3), dtype=np.uint8)
    mask = RNG.choice(np.array([0, 3, 255], np.uint8), (60, 90))
    dataset = Pairs([(image, mask)])
    made = batches.Batches(sizes.Cropped(dataset, (40, 72)), 1)
    first = made[0]
    made.start_epoch(3)
    for before, after in zip(first, made[0], strict=True):
        np.testing.assert_array_equal(before, after)
    found = [
        (top, left)
        for top in range(21)
        for left in range(19)
        if (image[top : top + 40, left : left + 72] == first[0][0]).all()
    ]
    ((top, left),) = found
    np.testing.assert_array_equal(first[1][0], mask[top : top + 40, left : left + 72])
    larger = sizes.Cropped(dataset, (64, 72))[0][1]
    assert (larger == 255).sum() >= 4 * 72 and larger.shape == (64, 72)
    resized = sizes.Resized(dataset, (30, 45))
    assert resized.classes == FOUR and resized[0][0].shape == (30, 45, 3)
    assert set(np.unique(resized[0][1])) <= {0, 3, 255}
    with pytest.raises(ValueError, match=r"\(1, 40\)"):
        sizes.Resized(dataset, (1, 40))


def test_the_size_of_a_photo_is_that_of_the_photo_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    Image.new("L", (30, 20)).save(tmp_path / "flat.png")
    assert image_files.size(tmp_path / "turned.jpg") == (30, 20) and image_files.size(tmp_path / "flat.png") == (20, 30)
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(ValueError, match="can't be read as an image"):
        image_files.size(tmp_path / "text.jpg")


def test_look_tells_what_is_there_and_what_looks_wrong(tmp_path, capsys):
    folder = write_scenes(tmp_path / "d", count=8)
    images = folder / "train" / "images"
    photos = sorted(images.iterdir())
    (images / "a street 1.jpeg").write_bytes((images / "a street 4.jpeg").read_bytes()[:300])
    (images / "notes.txt").write_text("")
    look = ["look", "--data", "folder", "--data-dir", folder]
    text = said(capsys, *look, "--sheet", tmp_path / "sheet.png")
    assert "train: " in text and "val: " in text and "ground" in text and "notes.txt" in text
    assert "left out: " in text and "a street 1.jpeg" in text
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG" and sheet.width > 600 and len(sheet.convert("RGB").getcolors(2**24)) > 1000
    report = said(capsys, *look, "--json")
    assert [split["split"] for split in report["splits"]] == ["train", "val"] and "sheet" not in report
    assert sum(split["images"] for split in report["splits"]) == len(photos) - 1
    assert [row["name"] for row in report["splits"][0]["classes"]] == list(FOUR.names)
    assert "ends in .png" in said(capsys, *look, "--sheet", "sheet.jpg", status=1)
    assert "street[0]" not in said(capsys, "look", "--data", "street", "--first", "2")


def test_masks_of_0_and_255_are_told_by_look_and_not_trained_on(small, tmp_path, capsys):
    for part in ("images", "masks"):
        (tmp_path / "train" / part).mkdir(parents=True)
    for number in range(2):
        Image.new("RGB", (40, 32)).save(tmp_path / "train" / "images" / f"{number}.png")
        picture = np.array([[0], [255]], np.uint8).repeat(16, 0).repeat(40, 1)
        Image.fromarray(picture).save(tmp_path / "train" / "masks" / f"{number}.png")
    (tmp_path / "classes.txt").write_text("background\nthing\n")
    data = ["--data", "folder", "--data-dir", tmp_path]
    text = said(capsys, "look", *data)
    assert "! 0 and 255 look like" in text and "a class that never occurs: thing" in text
    error = said(capsys, "train", "fcn32s", *data, "--out", tmp_path / "a.weights.h5", status=1)
    assert "of one class, 'background' (0): nothing can be learned. 0 and 255 look like" in error
    assert error.count("\n") == 1 and not (tmp_path / "a.weights.h5").exists()


@pytest.mark.parametrize(
    "options, words",
    [
        (["--data", "folder"], "--data folder needs --data-dir DIR"),
        (["--data", "voc"], "--data voc needs --data-dir DIR"),
        (["--data", "voc", "--data-dir", ".", "--void", "3"], "--void belongs to --data folder"),
        (["--data", "folder", "--data-dir", "nowhere"], "nowhere has none of the folders train, val, test"),
        (["--data", "voc", "--data-dir", "nowhere"], "no list ImageSets/Segmentation/train.txt"),
        (["--data", "street", "--size", "32x40"], "--size to files"),
    ],
)
def test_data_that_are_not_there_are_said_in_one_line(tmp_path, capsys, options, words):
    error = said(capsys, "train", "fcn32s", *options, "--out", tmp_path / "a.weights.h5", status=1)
    assert words in error and error.count("\n") == 1
    if "--size" not in options:
        assert words in said(capsys, "look", *options, status=1)


def test_frozen_epochs_on_images_of_several_sizes_are_refused(small, tmp_path, capsys):
    data = ["--data", "folder", "--data-dir", write_scenes(tmp_path / "d"), "--out", tmp_path / "a.weights.h5"]
    how = ["--fine-tune", "--augment", "--frozen-epochs", "1"]
    assert "give them one by --size" in said(capsys, "train", "fcn32s", *data, *how, status=1)


def test_a_folders_void_may_be_another_index(tmp_path):
    (tmp_path / "train" / "images").mkdir(parents=True)
    (tmp_path / "train" / "masks").mkdir()
    for number in range(2):
        Image.new("RGB", (40, 32)).save(tmp_path / "train" / "images" / f"{number}.png")
        Image.fromarray(np.array([[0, 1], [7, 7]], np.uint8).repeat(16, 0).repeat(20, 1)).save(
            tmp_path / "train" / "masks" / f"{number}.png"
        )
    (tmp_path / "classes.txt").write_text("thing\nother\n")
    dataset = Folder(tmp_path, "train", void=7)
    network = models.fcn32s(small_backbone(), dataset.classes)
    losses = training.train(network, dataset, epochs=1, progress=False, balance=True)
    assert losses == pytest.approx([np.log(2)], rel=1e-4)
    assert training.evaluate(network, dataset, progress=False).sum() == 32 * 40 // 2


def test_each_image_is_scored_as_segment_labels_it(small, tmp_path, capsys):
    folder, out = write_scenes(tmp_path / "d"), tmp_path / "a.weights.h5"
    network = models.fcn8s(small_backbone(), FOUR)
    shake(network.scores)
    bias = network.scores.get_layer("score8").bias  # so that no class wins everywhere
    bias.assign(bias - network.model.predict_on_batch(np.zeros((1, 64, 96, 3), "float32")).mean((0, 1, 2)))
    weights.save(network, out, {"size": [40, 72]})
    expected = np.zeros((4, 4), int)
    for image, mask in Folder(folder, "train"):
        found = segmenting.segment(replace(network, trained_size=(40, 72)), image, 0)
        expected += confusion_matrix(mask, found, 4, void=255)
    data = ["--data", "folder", "--data-dir", folder, "--split", "train", "--json"]
    result = said(capsys, "evaluate", out, *data)
    assert result["mean_iou"] == pytest.approx(scores(expected).mean_iou, abs=1e-3)
    plain = scores(training.evaluate(network, Folder(folder, "train"), batch_size=1, progress=False)).mean_iou
    assert abs(plain - result["mean_iou"]) > 0.002
