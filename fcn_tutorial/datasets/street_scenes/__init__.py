"""Seeded street scenes with exact labels: the data set of notebook 05 that needs neither network nor licence.

Scene i depends on the seed, i and the size only, never on how many scenes there are. Take different seeds for training,
validation and test. The classes are CamVid's; grass and hedges count as tree, traffic lights as sign, vans and buses as
car, and the gaps of railings and wheels belong to the railing and the bicyclist, as CamVid's annotators had it.
"""

from collections import namedtuple
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from fcn_tutorial.datasets.street_scenes import layout
from fcn_tutorial.datasets.street_scenes.drawing import Canvas, Dice, soften
from fcn_tutorial.labels import CAMVID, CLASSES, VOID

LEAST, MOST = 32, 8192  # pixels on a side
Box = namedtuple("Box", "top left bottom right")


@dataclass(frozen=True)
class Instance:
    """A visible pole, sign, car, pedestrian or bicyclist: class, tight half-open box (pixels), value in the map."""

    class_index: int
    box: Box
    mask_id: int

    @property
    def class_name(self):
        """Name of the class, from `fcn_tutorial.labels.CLASSES`."""
        return CLASSES[self.class_index]


@dataclass(frozen=True)
class Scene:
    """image (H, W, 3) uint8 RGB, labels (H, W) uint8, instance_map (H, W) int32 (0: no instance), list of instances."""

    image: np.ndarray
    labels: np.ndarray
    instance_map: np.ndarray
    instances: list


class StreetScenes:
    """`count` street scenes of `size` (H, W) pixels: item i is (image (H, W, 3) uint8 RGB, labels (H, W) uint8).

    Labels and instances are the same to the byte on every platform. Splits are made with different seeds.
    Raises ValueError for a count below 1, a side outside 32 to 8192 pixels or a seed outside 0 to 2**32 - 1.
    """

    name, classes = "street", CAMVID

    def __init__(self, count, size=(192, 256), seed=0):
        if np.ndim(size) != 1 or len(size) != 2:
            raise ValueError(f"size is {size!r}; expected two whole numbers, (height, width) in pixels.")
        self._count = _whole(count, "count", 1, 2**32, "how many scenes to draw")
        self.size = tuple(_whole(side, "each side of size", LEAST, MOST, "height and width in pixels") for side in size)
        self.seed = _whole(seed, "seed", 0, 2**32 - 1, "which stream of scenes to draw")

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        scene = self.scene(index)
        return scene.image, scene.labels

    def scene(self, index):
        """The whole Scene `index` (negative counts from the end). Raises IndexError outside the sequence."""
        if not isinstance(index, Integral):
            raise TypeError(f"Scenes are numbered by whole numbers; got {index!r}.")
        if not -self._count <= index < self._count:
            raise IndexError(
                f"Scene {index} was asked for, but there are {self._count} scenes, 0 to {self._count - 1}."
            )
        return _draw(int(index) % self._count, self.size, self.seed)

    def instances(self, index):
        """Visible instances of scene `index`, in drawing order: what hides another comes after it."""
        return self.scene(index).instances

    def instance_map(self, index):
        """Mask ids (H, W) int32 of scene `index`, 0 where there is no instance."""
        return self.scene(index).instance_map


def _whole(value, name, low, high, meaning):
    """Return `value` as int; ValueError unless it is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; expected a whole number from {low} to {high} ({meaning}).")
    return int(value)


def _draw(index, size, seed):
    """Draw one scene, far things first, then read labels and instances off the owners of the pixels."""
    canvas = Canvas(*size)
    dice = Dice(seed, index)
    start = layout.compose(canvas, dice)
    return _finish(canvas, dice, start)


def _finish(canvas, dice, start):
    """Scene from a finished canvas: lens softness, sensor noise, labels, consecutive mask ids and tight boxes."""
    grain = dice.grain(canvas.height, canvas.width)[..., None] * np.float32(8)
    image = np.clip(soften(canvas.colours(start)) + grain, 0, 255)
    classes = np.array(canvas.classes, np.uint8)
    seen = np.bincount(canvas.owner.ravel(), minlength=len(classes)) > 0
    seen[: VOID + 1] = False
    ids = np.cumsum(seen, dtype=np.int32) * seen
    instance_map = ids.astype(np.int32)[canvas.owner]
    boxes = _boxes(instance_map, int(seen.sum()))
    instances = [Instance(int(classes[o]), boxes[n], n + 1) for n, o in enumerate(np.nonzero(seen)[0])]
    return Scene((image + np.float32(0.5)).astype(np.uint8), classes[canvas.owner], instance_map, instances)


def _boxes(instance_map, count):
    """Tight half-open boxes of the mask ids 1 to `count`, all of which occur."""
    rows, columns = np.nonzero(instance_map)
    ids = instance_map[rows, columns] - 1
    low, high = np.full((2, count), max(instance_map.shape)), np.zeros((2, count), int)
    for axis, values in enumerate((rows, columns)):
        np.minimum.at(low[axis], ids, values)
        np.maximum.at(high[axis], ids, values + 1)
    return [Box(*edges) for edges in np.concatenate([low, high]).T.tolist()]
