"""Any data set of the course as seeded batches for training (notebook 05)."""

import operator

import numpy as np

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.datasets.masks import BACKGROUND_AND_255
from fcn_tutorial.datasets.pairs import check_pair, classes_of, item_name, name_of
from fcn_tutorial.labels import check_labels


class Batches(keras.utils.PyDataset):
    """Batches (images float32 (N, H, W, 3), labels int32 (N, H, W)) of `dataset`; the last one may be smaller.

    `preprocess` takes images (N, H, W, 3) float32 RGB 0..255, such as a backbone's; None leaves them so. With `shuffle`
    the order of an epoch follows from (`seed`, epoch) alone: after `start_epoch(k)` a resumed run sees epoch k's order.
    Give `fit` `shuffle=False`, or Keras shuffles the batches once more, by a generator of its own.
    Raises ValueError for a data set that can't be trained on (`check_trainable`) or a bad batch size; upon reading
    for a bad pair (`pairs.check_pair`), images of different sizes in one batch, or NaN after `preprocess`.
    """

    def __init__(self, dataset, batch_size, preprocess=None, shuffle=True, seed=0, **options):
        super().__init__(**options)
        if operator.index(batch_size) < 1:
            raise ValueError(f"The batch size is {batch_size}; expected 1 or more.")
        check_trainable(dataset)
        self.dataset, self.batch_size, self.preprocess = dataset, batch_size, preprocess
        self.shuffle, self.seed = shuffle, seed
        self.start_epoch(0)

    def start_epoch(self, epoch):
        """Set the epoch (0 is the first), and with it the order of the items and an augmented data set's views."""
        self.epoch = epoch
        if hasattr(self.dataset, "start_epoch"):
            self.dataset.start_epoch(epoch)
        items = np.arange(len(self.dataset))
        self.order = np.random.default_rng([self.seed, epoch]).permutation(items) if self.shuffle else items

    def on_epoch_end(self):
        """Go on to the next epoch's order; Keras calls this."""
        self.start_epoch(self.epoch + 1)

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def items(self, index):
        """Numbers of the items in batch `index` of this epoch."""
        start = range(len(self))[index] * self.batch_size
        return [int(item) for item in self.order[start : start + self.batch_size]]

    def __getitem__(self, index):
        items = self.items(index)
        classes = classes_of(self.dataset)
        pairs = [check_pair(*self.dataset[item], item_name(self.dataset, item), classes) for item in items]
        self._check_sizes(items, pairs)
        images = np.stack([image for image, _ in pairs]).astype(np.float32)
        if self.preprocess is not None:
            images = np.asarray(ops.convert_to_numpy(self.preprocess(images)), np.float32)
        if not np.isfinite(images).all():
            raise ValueError(f"preprocess gave NaN or infinite values for the items {items}; see to it.")
        return images, np.stack([labels for _, labels in pairs]).astype(np.int32)

    def _check_sizes(self, items, pairs):
        found = [
            f"{item_name(self.dataset, item)} of {labels.shape[0]}x{labels.shape[1]} pixels"
            for item, (_, labels) in zip(items, pairs, strict=True)
            if item == items[0] or labels.shape != pairs[0][1].shape
        ]
        if len(found) > 1:
            raise ValueError(
                f"One batch holds {found[0]} and {found[1]}; expected equal sizes. "
                "Resize or crop them to one size, or use batch size 1."
            )


def check_trainable(dataset):
    """Refuse a data set without items, or with nothing but void in every mask; usually reads no more than one item.

    Raises ValueError.
    """
    if len(dataset) == 0:
        raise ValueError(f"The data set {name_of(dataset)} is empty; expected at least one image with its mask.")
    void = classes_of(dataset).void
    for item in range(len(dataset)):
        if (np.asarray(dataset[item][1]) != void).any():
            return
    raise ValueError(
        f"Every pixel of every mask of the data set {name_of(dataset)} is void ({void}): nothing can be learned. "
        "Check that its masks hold class indices."
    )


def check_learnable(dataset):
    """Refuse what `check_trainable` does, and a data set in which one class alone occurs; reads on until a second one.

    Raises ValueError, also for a bad mask on the way (`labels.check_labels`).
    """
    check_trainable(dataset)
    classes, found, with_void = classes_of(dataset), set(), False
    for item in range(len(dataset)):
        mask = check_labels(dataset[item][1], f"the mask of {item_name(dataset, item)}", classes)
        here = set(np.unique(mask).tolist())
        found, with_void = found | here - {classes.void}, with_void or classes.void in here
        if len(found) > 1:
            return
    (only,) = found
    advice = BACKGROUND_AND_255 if only == 0 and with_void and classes.void == 255 else "Check its masks."
    raise ValueError(
        f"All labelled pixels of the data set {name_of(dataset)} are of one class, {classes.names[only]!r} "
        f"({only}): nothing can be learned. {advice}"
    )
