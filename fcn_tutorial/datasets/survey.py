"""What is in a data set, before anything is trained: sizes, classes with their shares, and what looks wrong."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from fcn_tutorial.datasets.masks import BACKGROUND_AND_255

_SHOWN = 5  # of many things of one kind


@dataclass
class Survey:
    """One split, looked through once.

    sizes: how often each (H, W) in pixels occurs. pixels: (256,) counts by index. images_with: (256,), images in which
    an index occurs. one_class: names of the images whose mask is all of one class. broken: messages of those that
    can't be read. seen: {hash of a photo's pixels: names}.
    """

    split: str
    classes: object
    images: int = 0
    sizes: Counter = field(default_factory=Counter)
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    images_with: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    one_class: list = field(default_factory=list)
    broken: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)

    def add(self, name, image, labels):
        """Count a pair."""
        counts = np.bincount(labels.ravel(), minlength=256)
        self.images += 1
        self.sizes[labels.shape] += 1
        self.pixels += counts
        self.images_with += counts > 0
        if (np.delete(counts, self.classes.void) > 0).sum() == 1:
            self.one_class.append(name)
        self.seen.setdefault(hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest(), []).append(name)

    @property
    def void_share(self):
        """Share of the pixels that nobody labelled."""
        return float(self.pixels[self.classes.void] / max(1, self.pixels.sum()))

    def class_shares(self):
        """[(name, share of the labelled pixels, share of the images), ...]."""
        labelled = self.pixels.sum() - self.pixels[self.classes.void]
        return [
            (name, float(self.pixels[i] / max(1, labelled)), float(self.images_with[i] / max(1, self.images)))
            for i, name in enumerate(self.classes.names)
        ]

    def suspicions(self):
        """What looks wrong in this split, a sentence each."""
        found = [f"left out: {message}" for message in self.broken[:_SHOWN]]
        if len(self.broken) > _SHOWN:
            found.append(f"{len(self.broken) - _SHOWN} more images can't be read")
        never = [name for name, share, _ in self.class_shares() if not share]
        if never and self.images:
            found.append(
                f"{'classes that never occur' if len(never) > 1 else 'a class that never occurs'}: {_some(never)}"
            )
        if self.one_class:
            found.append(f"masks all of one class: {_some(self.one_class)}")
        if self.classes.void == 255 and set(np.flatnonzero(self.pixels)) == {0, 255}:
            found.append(BACKGROUND_AND_255)
        for names in self.seen.values():
            if len(names) > 1:
                found.append(f"the same photo: {_some(names)}")
        return found

    def as_dict(self):
        """Plain values for JSON."""
        return {
            "split": self.split,
            "images": self.images,
            "sizes": [{"height": h, "width": w, "images": count} for (h, w), count in self.sizes.most_common()],
            "void_share": self.void_share,
            "classes": [dict(zip(("name", "pixels", "images"), row, strict=True)) for row in self.class_shares()],
            "suspicions": self.suspicions(),
        }


def survey(dataset, split, bar=iter):
    """Look through every pair of `dataset`: a `Survey`. What can't be read is noted, not raised.

    bar: wraps the numbers of the items, to show how far it is.
    """
    found, names = Survey(split, dataset.classes), getattr(dataset, "file_names", None)
    for index in bar(range(len(dataset))):
        try:
            image, labels = dataset[index]
        except (ValueError, OSError) as error:
            found.broken.append(str(error))
            continue
        found.add(names[index] if names else f"{dataset.name}[{index}]", image, labels)
    return found


def shared(surveys):
    """Photos that occur in more than one split, a sentence each: what is trained on is no test."""
    found = []
    for place, one in enumerate(surveys):
        for other in surveys[place + 1 :]:
            both = [one.seen[key] + other.seen[key] for key in one.seen.keys() & other.seen.keys()]
            found += [f"the same photo in {one.split} and {other.split}: {_some(names)}" for names in sorted(both)]
    return found


def as_text(surveys):
    """The surveys as a page of text."""
    lines = []
    for found in surveys:
        sizes = [
            f"{h}x{w} ({count})" if len(found.sizes) > 1 else f"{h}x{w}" for (h, w), count in found.sizes.most_common()
        ]
        lines += [f"{found.split}: {found.images} images, {_some(sizes)} pixels, {found.void_share:.1%} void"]
        width = max(len(name) for name in found.classes.names)
        lines += [
            f"  {name:<{width}}  {pixels:7.2%} of the labelled pixels, in {images:4.0%} of the images"
            for name, pixels, images in found.class_shares()
        ]
        lines += [f"  ! {sentence}" for sentence in found.suspicions()]
    return "\n".join([*lines, *(f"! {sentence}" for sentence in shared(surveys))])


def _some(names):
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
