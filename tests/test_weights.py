"""A weights file may come from anybody: it is read right, or refused in a sentence that names it."""

import json
import os
import random
import threading
import types

import h5py
import numpy as np
import pytest
from small_backbone import shake, small_backbone, weights_of

from fcn_tutorial import backbones, files, models, training, weights
from fcn_tutorial.backend import ops
from fcn_tutorial.labels import CAMVID, CLASSES, Classes
from fcn_tutorial.training import feature_cache
from fcn_tutorial.weights import cards, storage

RNG = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def loaded(monkeypatch):
    """The small backbone stands for every one; the list names those that were asked for."""
    names = []

    def load_small(name, weights="imagenet"):
        names.append(name)
        return small_backbone(0 if weights else 1)

    monkeypatch.setattr(backbones, "load", load_small)
    return names


@pytest.fixture(scope="module")
def network():
    network = models.fcn8s(small_backbone())
    shake(network.scores)
    return network


@pytest.fixture
def saved(network, tmp_path):
    path = tmp_path / "a.weights.h5"
    weights.save(network, path, {"size": [64, 96], "losses": [2.0, 1.5]}, [np.int64(7), np.ones((2, 3), "float32")])
    return path


def parts(path):
    """The JSON and the HDF5 part of a weights file."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[48:56], "little")
    with h5py.File(path) as file:
        return json.loads(whole[56 : 56 + length]), whole[file.userblock_size :]


def rewrite(path, change):
    """Change the JSON in a file, with the hash that belongs to it then, as a stranger would."""
    head, hdf5 = parts(path)
    path.write_bytes(storage.wrap(json.dumps(change(head) or head).encode(), hdf5))


def as_earlier(path, model, card, optimizer=()):
    """A file as earlier versions wrote it: HDF5 alone, the card in an attribute."""
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        file.attrs["fcn_tutorial"] = json.dumps(card)
        for number, value in enumerate(optimizer):
            file[f"resume/{number}"] = value


def refused(path, call=weights.load):
    """What is said of the file: one short line that names it."""
    with pytest.raises(ValueError) as caught:
        call(path)
    said = str(caught.value)
    assert str(path) in said and "\n" not in said and len(said) < 600 and said.isprintable()
    return said


def test_keras_and_h5py_read_what_is_saved_and_the_other_way_round(network, saved, tmp_path):
    again = models.fcn8s(small_backbone())
    again.head.load_weights(saved)
    for a, b in zip(weights_of(again.head), weights_of(network.head), strict=True):
        assert (a == b).all()
    for model, part in ((network.head, "head"), (network.model, "model")):
        path = tmp_path / f"{part}.weights.h5"
        card = {"network": "fcn8s", "backbone": "small", "classes": list(CLASSES), "part": part, "training": {}}
        as_earlier(path, model, card, [np.int64(3), np.arange(6.0).reshape(2, 3)])
        for a, b in zip(weights_of(weights.load(path).model), weights_of(network.model), strict=True):
            assert (a == b).all()
        assert weights.read_card(path) == card
        assert [value.tolist() for value in weights.read_optimizer(path)] == [3, [[0, 1, 2], [3, 4, 5]]]


def test_a_changed_byte_is_found_before_anything_is_made_of_the_file(saved, monkeypatch):
    whole, dice = saved.read_bytes(), random.Random(0)
    monkeypatch.setattr(storage, "_outline", lambda path: pytest.fail("HDF5 was asked"))
    monkeypatch.setattr(storage, "_parse", lambda text: pytest.fail("the card was read"))
    places = [*range(0, 60), *(dice.randrange(len(whole)) for _ in range(300))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << dice.randrange(8)
        saved.write_bytes(changed)
        assert "damaged" in refused(saved, weights.read_card)
    for length in (0, 1, 15, 16, 47, 55, 56, 500, len(whole) // 2, len(whole) - 1):
        saved.write_bytes(whole[:length])
        assert "cut off" in refused(saved, weights.read_optimizer)


def entry(**changes):
    return lambda head: head["card"].update(changes)


def array(place, value):
    return lambda head: head["arrays"][0].__setitem__(place, value)


ODD = {
    "no card": lambda head: {"arrays": []},
    "a list": lambda head: [1],
    "nested": lambda head: {"card": eval("[" * 90 + "]" * 90), "arrays": []},
    "a card that is a text": lambda head: {**head, "card": "fcn8s"},
    "no network": entry(network=None),
    "an unknown network": entry(network="fcn9s"),
    "a number for a backbone": entry(backbone=16),
    "orders for the terminal": entry(backbone="\x1b[2J"),
    "no classes": entry(classes=[]),
    "classes in a text": entry(classes="sky"),
    "many classes": entry(classes=[f"class {n}" for n in range(600)]),
    "twice the same class": entry(classes=["sky", "road", "sky"]),
    "a class with orders": entry(classes=["sky", "\x1b]0;owned\x07"]),
    "a class that is no word": entry(classes=["sky", {"a": 1}]),
    "a class without end": entry(classes=["sky", "a" * 100_000]),
    "another part": entry(part=["head"]),
    "no training": entry(training=[]),
    "an odd size": entry(training={"size": [64, "96"]}),
    "a huge size": entry(training={"size": [64, 10**300]}),
    "losses that are words": entry(training={"losses": ["low"]}),
    "losses without end": entry(training={"losses": [10**1000]}),
    "data that are a number": entry(training={"data": 3}),
    "arrays that are none": lambda head: {**head, "arrays": {"a": 1}},
    "an array before the file": array(1, -100_000),
    "an array behind the file": array(1, 10**9),
    "an offset that is a float": array(1, 1.5),
    "an array of objects": array(2, "|O"),
    "an array of lists": array(2, ["<f4"]),
    "an array of four gigabytes": array(3, [2**30]),
    "an array of any size": array(3, [2**62, 2**62]),
    "an array of no size": array(3, [0, 2**40]),
    "a shape that is a number": array(3, 11),
    "an array with another shape": array(3, [1, 1, 8, 22]),
    "an array with another name": array(0, "../../etc"),
    "an array with orders": array(0, "layers/\x1b[2J"),
    "the same array twice": lambda head: head["arrays"].append(head["arrays"][0]),
    "an array too few": lambda head: head["arrays"].pop(0) and None,
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_an_odd_card_is_refused_in_one_line(change, saved, loaded):
    rewrite(saved, change)
    said = refused(saved)
    assert loaded == [] or "don't fit a fcn8s" in said  # no network is built for a card that can't be right


def test_numbers_that_are_none_and_more_json_than_is_read_are_refused(saved):
    head, hdf5 = parts(saved)
    saved.write_bytes(storage.wrap(json.dumps(head).replace("2.0", "NaN").encode(), hdf5))
    assert "NaN" in refused(saved)
    with pytest.raises(ValueError, match="bytes"):
        storage.wrap(b" " * 5_000_000, hdf5)
    text = b"[" * 100_000
    saved.write_bytes(storage.wrap(text, hdf5))
    assert "damaged" in refused(saved)


def test_weights_that_do_not_fit_are_not_even_read(network, saved, monkeypatch):
    monkeypatch.setattr(storage.Stored, "array", lambda *_: pytest.fail("an array was read"))
    rewrite(saved, entry(**cards.of_classes(Classes(("sky", "road")))))
    said = refused(saved)
    assert "conv2d/vars/0 is (1, 1, 16, 11), expected (1, 1, 16, 2) (5 others" in said
    rewrite(saved, entry(**cards.of_classes(CAMVID), part="model"))
    assert "absent" in refused(saved)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_named_upon_loading_and_never_saved(network, saved, tmp_path, bad):
    head, _ = parts(saved)
    arrays = {name: place for name, place in storage.read(saved).places.items()}
    values = {name: storage.read(saved).array(name) for name in arrays}
    name = "layers/functional/layers/conv2d/vars/1"
    values[name] = np.where(np.arange(11) == 5, np.float32(bad), values[name])
    saved.write_bytes(storage.pack(head["card"], values))
    assert f"The weights {name} of" in refused(saved)
    before = saved.read_bytes()
    bias = network.scores.get_layer("score32").bias
    kept = ops.convert_to_numpy(bias).copy()
    bias.assign(values[name])
    assert "NaN or infinite" in refused(saved, lambda path: weights.save(network, path))
    bias.assign(kept)
    assert saved.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_a_head_on_a_backbone_that_is_not_here_does_not_go_to_the_network(saved, loaded):
    rewrite(saved, entry(backbone="vgg16"))
    assert "download=True" in refused(saved) and loaded == []
    assert weights.load(saved, download=True).name == "fcn8s" and loaded == ["vgg16"]


NAME = "layers/functional/layers/conv2d/vars/0"
MORE = {
    "compressed": (lambda file: file.create_dataset(NAME, (1, 1, 16, 11), "f4", compression="gzip"), "one piece"),
    "chunked": (lambda file: file.create_dataset(NAME, (2**30,), "f4", chunks=(1024,)), "one piece"),
    "external": (lambda file: file.create_dataset(NAME, (4,), "f4", external=[("/etc/hostname", 0, 16)]), "one piece"),
    "hollow": (lambda file: file.create_dataset(NAME, (2**30,), "f4"), "no values"),
    "texts": (lambda file: file.create_dataset(NAME, data=["a"], dtype=h5py.string_dtype()), "damaged"),
    "nothing": (lambda file: file.create_dataset(NAME, data=h5py.Empty("f4")), "one piece"),
    "soft link": (lambda file: file.__setitem__(NAME, h5py.SoftLink("/layers")), "is a link"),
    "external link": (lambda file: file.__setitem__(NAME, h5py.ExternalLink("other.h5", "/")), "is a link"),
    "circle": (lambda file: file.__setitem__(NAME, file["layers"]), "without end"),
}


@pytest.mark.parametrize("change, words", MORE.values(), ids=MORE)
def test_an_earlier_file_with_more_than_plain_arrays_is_refused(change, words, network, tmp_path):
    path = tmp_path / "a.weights.h5"
    card = {"network": "fcn8s", "backbone": "small", "classes": list(CLASSES), "part": "head", "training": {}}
    as_earlier(path, network.head, card)
    with h5py.File(path, "r+") as file:
        del file[NAME]
        change(file)
    assert words in refused(path, weights.read_card)


@pytest.mark.parametrize("does", ["import os; os.abort()", "while True: pass", "print('[' * 5000)"])
def test_a_file_in_which_hdf5_dies_or_hangs_is_damaged(does, network, tmp_path, monkeypatch):
    (tmp_path / "program.py").write_text(does)
    monkeypatch.setattr(storage, "_TIMEOUT", 3)
    program = types.SimpleNamespace(__file__=str(tmp_path / "program.py"))
    monkeypatch.setattr(storage, "outline", program)
    network.head.save_weights(tmp_path / "a.weights.h5")
    assert "damaged" in refused(tmp_path / "a.weights.h5")


def test_nothing_is_written_through_a_link_that_waits(network, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    for name in (".my.unfinished.weights.h5", ".my.weights.h5.unfinished", ".my.weights.h5.lock"):
        (out / name).symlink_to(precious)
    (out / "my.weights.h5").symlink_to(precious)
    training.train(network, DATA, epochs=1, batch_size=2, out=out / "my.weights.h5", progress=False)
    assert precious.read_text() == "precious"
    assert not (out / "my.weights.h5").is_symlink() and weights.read_card(out / "my.weights.h5")


LABELS = RNG.choice([0, 3, 5, 11], (4, 4, 6)).astype(np.uint8).repeat(8, axis=1).repeat(8, axis=2)
DATA = [((20 * mask[..., None] + RNG.randint(0, 9, (32, 48, 3))).astype(np.uint8), mask) for mask in LABELS]


def test_a_place_that_cannot_be_written_is_refused_before_the_work(network, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "cached_features", lambda *_: pytest.fail("maps were computed"))
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.weights.h5").mkdir()
    for out, words in (("file/x/a.weights.h5", "Could not write"), ("folder.weights.h5", "is a folder")):
        with pytest.raises(OSError, match=words):
            training.train(network, DATA, epochs=1, out=tmp_path / out, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.weights.h5"]


def test_a_second_training_into_one_file_is_told_so_at_once(network, tmp_path, monkeypatch):
    out, held, done = tmp_path / "a.weights.h5", threading.Event(), threading.Event()

    def first():
        with files.claimed(out):
            held.set()
            done.wait(60)

    monkeypatch.setattr(training, "cached_features", lambda *_: pytest.fail("maps were computed"))
    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert held.wait(60)
        with pytest.raises(BlockingIOError, match="a.weights.h5 is in use"):
            training.train(network, DATA, epochs=1, out=out, progress=False)
    finally:
        done.set()
        thread.join()
    assert not list(tmp_path.iterdir())


def test_a_run_goes_on_with_its_own_data_only(network, tmp_path):
    out = tmp_path / "a.weights.h5"
    settings = dict(epochs=1, batch_size=2, out=out, progress=False)
    losses = training.train(network, DATA, **settings)
    with pytest.raises(ValueError, match=r"was trained on list, 4 images, \w+; got list, 3 images"):
        training.train(network, DATA[:3], resume=True, **settings)
    assert training.train(network, DATA, resume=True, **settings) == losses
    rewrite(out, lambda head: head["card"]["training"].pop("data") and None)  # as earlier versions wrote it
    assert training.train(network, DATA[:3], resume=True, **settings) == losses


def test_an_optimisers_state_that_does_not_fit_is_said(network, tmp_path):
    out = tmp_path / "a.weights.h5"
    settings = dict(epochs=2, batch_size=2, out=out, progress=False)
    training.train(network, DATA, **settings)
    rewrite(out, lambda head: head["card"]["training"]["losses"].pop() and None)
    with pytest.raises(ValueError, match="optimiser's state"):
        training.train(network, DATA, resume=True, **settings)
    rewrite(out, lambda head: head["card"]["training"].update(losses=[1.0] * 9))
    with pytest.raises(ValueError, match="1 to 2 epochs"):
        training.train(network, DATA, resume=True, **settings)


def test_an_answer_that_is_no_number_is_no_class(network):
    kernel = network.scores.get_layer("score32").kernel
    kept = ops.convert_to_numpy(kernel).copy()
    kernel.assign(np.full(kernel.shape, 3e38, "float32"))
    try:
        for ask in (lambda: training.predict(network, DATA[0][0]), lambda: training.evaluate(network, DATA)):
            with pytest.raises(FloatingPointError, match="NaN or infinite"):
                ask()
    finally:
        kernel.assign(kept)


def maps_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_two_that_want_the_same_maps_get_them_from_one(network, tmp_path, monkeypatch):
    folder, compute, began, go = tmp_path / "maps", feature_cache._compute, [], threading.Event()

    def slowly(*arguments):
        began.append(1)
        go.wait(60)
        return compute(*arguments)

    monkeypatch.setattr(feature_cache, "_compute", slowly)
    waiting = threading.Event()
    monkeypatch.setattr(feature_cache.bars, "note", lambda text: waiting.set())
    results = []

    def ask():
        results.append(feature_cache.cached_features(network, DATA, folder))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert waiting.wait(60)
    assert len(began) == 1 and maps_in(folder) == []
    go.set()
    for thread in threads:
        thread.join()
    assert len(began) == 1 and maps_in(folder) == ["card.json", "labels.npy", "map16.npy", "map32.npy", "map8.npy"]
    for cached in results:
        _, labels = cached[np.arange(4)]
        assert (labels == LABELS).all()
    assert maps_in(tmp_path) == ["maps"]


def test_what_a_killed_program_left_is_no_map(network, tmp_path):
    """Nor what an earlier version wrote, in which two programs could fill one folder."""
    right = feature_cache.cached_features(network, DATA, tmp_path / "right", progress=False)[np.arange(4)]
    folder = tmp_path / "maps"
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_text("precious")
    np.save(folder / "map16.npy", np.zeros((4, 1, 1, 1)))
    (folder / "map32.npy").symlink_to(precious)
    (folder / f".map8.npy.{'0' * 16}.unfinished").write_bytes(bytes(1000))
    card = json.loads((tmp_path / "right" / "card.json").read_text())
    earlier = {key: value for key, value in card.items() if key != "files"}
    for left in (None, earlier):
        if left:
            (folder / "card.json").write_text(json.dumps(left))
        maps, labels = feature_cache.cached_features(network, DATA, folder, progress=False)[np.arange(4)]
        assert (labels == LABELS).all() and all((maps[key] == right[0][key]).all() for key in right[0])
        assert maps_in(folder) == ["card.json", "labels.npy", "map16.npy", "map32.npy", "map8.npy"]
        np.save(folder / "map16.npy", np.zeros((4, 1, 1, 1)))
    assert precious.read_text() == "precious"


def test_damaged_maps_are_named(network, tmp_path):
    folder = tmp_path / "maps"

    def ask():
        return feature_cache.cached_features(network, DATA, folder, progress=False)

    ask()
    for name in ("map8.npy", "labels.npy"):
        path = folder / name
        whole = path.read_bytes()
        for damaged in (b"", whole[:-1], whole[:200], whole[:-1] + bytes([whole[-1] ^ 1])):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=f"{name} is not what was written there.*Delete"):
                ask()
        path.unlink()
        with pytest.raises(ValueError, match=f"{name} is not what was written there"):
            ask()
        path.write_bytes(whole)
    ask()
    for card in ("", "{", "[1]", "7", "\x00", "[" * 100_000):
        (folder / "card.json").write_text(card)
        with pytest.raises(ValueError, match="card.json is empty or damaged.*Delete"):
            ask()


@pytest.mark.skipif(os.name == "nt", reason="no limit on file sizes to set there")
@pytest.mark.parametrize("named", [True, False], ids=["named", "temporary"])
def test_a_disk_without_room_for_the_maps_says_how_much_they_need(named, network, tmp_path, monkeypatch):
    import resource

    data = DATA * 500
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"map\d+\.npy.*needs 1 MiB.*Free some space"):
            feature_cache.cached_features(network, data, tmp_path / "maps" if named else None, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_maps_beyond_half_precision_are_refused(network, tmp_path):
    layer = network.backbone.classifier.get_layer("thirtytwo_relu")
    layer.max_value = None
    norm = network.backbone.classifier.get_layer("thirtytwo_bn")
    kept = norm.get_weights()
    norm.set_weights([kept[0] * 1e6, *kept[1:]])
    try:
        wild = models.fcn32s(network.backbone)
        with pytest.raises(ValueError, match="beyond float16"):
            feature_cache.cached_features(wild, DATA, tmp_path / "maps", progress=False)
    finally:
        layer.max_value = 6
        norm.set_weights(kept)
    assert not list(tmp_path.iterdir())
