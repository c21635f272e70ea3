"""Batches: order, seeds, preprocessing and refusals, on made-up data sets."""

import numpy as np
import pytest

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.datasets.batches import Batches, check_trainable


def pair(number, size=(4, 6)):
    """An image and mask that tell which item they are: every value is `number`."""
    return np.full((*size, 3), number, np.uint8), np.full(size, number % 11, np.uint8)


def dataset(count=10):
    return [pair(number) for number in range(count)]


def items(batches):
    return [[int(image[0, 0, 0]) for image in batches[i][0]] for i in range(len(batches))]


def test_types_shapes_and_last_partial_batch():
    batches = Batches(dataset(10), 4, shuffle=False)
    assert len(batches) == 3
    images, labels = batches[0]
    assert images.shape == (4, 4, 6, 3) and images.dtype == np.float32
    assert labels.shape == (4, 4, 6) and labels.dtype == np.int32
    assert items(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(Batches(dataset(8), 4)) == 2
    with pytest.raises(IndexError):
        batches[3]


def test_images_and_labels_stay_together():
    for images, labels in Batches(dataset(30), 4):
        np.testing.assert_array_equal(images[..., 0] % 11, labels)


def test_every_epoch_has_each_item_once_in_another_order():
    batches = Batches(dataset(10), 3, seed=5)
    first = items(batches)
    batches.on_epoch_end()
    second = items(batches)
    assert first != second
    for order in (first, second):
        assert sorted(sum(order, [])) == list(range(10))
    assert first != items(Batches(dataset(10), 3, seed=6))


def test_resuming_at_an_epoch_gives_its_order():
    straight = Batches(dataset(10), 3, seed=5)
    orders = []
    for _ in range(4):
        orders.append(items(straight))
        straight.on_epoch_end()
    resumed = Batches(dataset(10), 3, seed=5)
    resumed.start_epoch(2)
    assert (resumed.epoch, items(resumed)) == (2, orders[2])
    resumed.on_epoch_end()
    assert items(resumed) == orders[3]


def test_the_data_set_is_told_the_epoch():
    """An augmented data set shows other views in each; one that is no such thing is left alone."""

    class Views(list):
        def start_epoch(self, epoch):
            self.epochs = [*getattr(self, "epochs", []), epoch]

    views = Views(dataset(4))
    batches = Batches(views, 2)
    batches.on_epoch_end()
    batches.start_epoch(7)
    batches.on_epoch_end()
    assert views.epochs == [0, 1, 7, 8] and batches.epoch == 8


def test_keras_fit_sees_the_seeded_orders():
    seen = []

    class Watch(keras.layers.Layer):
        def call(self, x):
            return x[..., :1] * self.scale

        def build(self, _):
            self.scale = self.add_weight(shape=(), initializer="ones")

    class Record(Batches):
        def __getitem__(self, index):
            batch = super().__getitem__(index)
            seen.append((self.epoch, index, [int(image[0, 0, 0]) for image in batch[0]]))
            return batch

    model = keras.Sequential([Watch()])
    model.compile("sgd", "mse")
    model.fit(Record(dataset(6), 2, seed=1), epochs=2, shuffle=False, verbose=0)
    reference = Batches(dataset(6), 2, seed=1)
    expected = {0: items(reference)}
    reference.on_epoch_end()
    expected[1] = items(reference)
    assert {epoch for epoch, _, _ in seen} >= {0, 1}
    assert all(batch == expected[epoch][index] for epoch, index, batch in seen if epoch in expected)
    assert [index for epoch, index, _ in seen if epoch == 1] == [0, 1, 2]


@pytest.mark.parametrize("tensor", [False, True])
def test_preprocess_is_applied_once_to_float_images(tensor):
    calls = []

    def preprocess(images):
        calls.append((images.shape, images.dtype))
        return ops.convert_to_tensor(images / 2) if tensor else (images / 2).astype(np.float64)

    images, _ = Batches(dataset(3), 3, preprocess, shuffle=False)[0]
    assert calls == [((3, 4, 6, 3), np.float32)]
    assert isinstance(images, np.ndarray) and images.dtype == np.float32
    np.testing.assert_array_equal(images[:, 0, 0, 0], [0, 0.5, 1])


def test_mixed_sizes_name_both_items():
    mixed = [pair(0), pair(1), pair(2, (5, 6))]
    batches = Batches(mixed, 3, shuffle=False)
    with pytest.raises(ValueError, match=r"list\[0\] of 4x6 pixels and list\[2\] of 5x6 pixels"):
        batches[0]
    assert [labels.shape for _, labels in Batches(mixed, 1, shuffle=False)] == [(1, 4, 6), (1, 4, 6), (1, 5, 6)]


def test_file_names_are_told_where_there_are_some():
    class Files(list):
        name, file_names = "camvid", ["a.png", "b.png"]

    with pytest.raises(ValueError, match=r"camvid\[0\] \(a.png\).*camvid\[1\] \(b.png\)"):
        Batches(Files([pair(0), pair(1, (5, 6))]), 2, shuffle=False)[0]


def test_bad_pairs_are_refused_upon_reading():
    broken = np.full((4, 6, 3), np.nan, np.float32)
    with pytest.raises(ValueError, match=r"list\[1\] holds NaN"):
        Batches([pair(0), (broken, pair(0)[1])], 2, shuffle=False)[0]
    with pytest.raises(ValueError, match=r"list\[0\].*4x6 pixels and the mask 5x6"):
        Batches([(pair(0)[0], pair(0, (5, 6))[1])], 1)[0]
    with pytest.raises(ValueError, match="preprocess gave NaN"):
        Batches(dataset(2), 2, lambda images: images * np.nan)[0]


def test_empty_and_void_data_sets_are_refused():
    void = (pair(0)[0], np.full((4, 6), 11, np.uint8))
    for bad, expected in (([], "list is empty"), ([void, void], "void")):
        with pytest.raises(ValueError, match=expected):
            check_trainable(bad)
        with pytest.raises(ValueError, match=expected):
            Batches(bad, 2)
    check_trainable([void, pair(3)])


def test_bad_batch_size_is_refused():
    with pytest.raises(ValueError, match="batch size is 0"):
        Batches(dataset(), 0)
