"""The skip mixer (notebook 06), and a photo of your own to segment and to question, pixel by pixel (notebook 07)."""

import tempfile
from pathlib import Path

import ipywidgets
import numpy as np

from fcn_tutorial import pictures, segmenting
from fcn_tutorial.backend import ops
from fcn_tutorial.datasets import photos
from fcn_tutorial.panels import networks as panels
from fcn_tutorial.upsampling import BilinearUpsampling, interpolation_matrix
from fcn_tutorial.widgets.explorer import Explorer, labelled
from fcn_tutorial.widgets.touchable import Touchable

MOST_PIXELS = 600_000  # of a photo as the network sees it: FCN-4s needs some 400 MB for them while it works


def mixture(network, images, labels):
    """The `panels.networks.Mixture` of a network for a few images (N, H, W, 3) uint8 and their labels (N, H, W).

    Each map's scores come out of the network's own layer; the coarse ones are stretched by 2 until they lie on the
    finest grid, as the network does before it adds. Strides are the maps' names: FCN-4s' are in enlarged pixels.
    """
    maps = network.features.predict_on_batch(network.backbone.preprocess(images))
    strides = sorted((int(key) for key in maps), reverse=True)
    contributions, stretch = {}, BilinearUpsampling(2)
    for stride in strides:
        kernel, bias = network.scores.get_layer(f"score{stride}").get_weights()
        own = maps[str(stride)] @ kernel[0, 0] + bias
        contributions = {key: stretch([part, own]) for key, part in contributions.items()} | {stride: own}
    parts = {key: ops.convert_to_numpy(part) for key, part in contributions.items()}
    planes = {key: np.ascontiguousarray(np.moveaxis(part, -1, 1)) for key, part in parts.items()}
    grids = zip(own.shape[1:3], images.shape[1:3], strict=True)
    down, across = (ops.convert_to_numpy(interpolation_matrix(*sides, network.stride)) for sides in grids)
    return panels.Mixture(planes, down, across, images, labels, network.classes)


def skip_mixer(mixture):
    """Sliders for the weights of the scores in a `Mixture`, from 0 to 2."""
    controls = {
        str(stride): labelled(ipywidgets.FloatSlider, f"weight of stride {stride}", value=1, min=0, max=2, step=0.1)
        for stride in mixture.contributions
    }
    scenes = labelled(ipywidgets.Dropdown, "scene", options=range(len(mixture.images)))

    def draw(scene, **weights):
        return panels.skip_mixer(mixture, {int(stride): weight for stride, weight in weights.items()}, scene)

    return Explorer(draw, {**controls, "scene": scenes})


def your_own_photo(network, sample):
    """Upload a photo, see its labels, and ask for the class probabilities of a pixel.

    sample: the photo (H, W, 3) uint8 that is shown before.
    """
    picture = Touchable(sample, "", width=480)
    upload = ipywidgets.FileUpload(description="choose a photo", accept="image/*", multiple=False)
    seen = {}

    def draw(upload):
        if seen.get("upload") is not upload:  # a click leaves it as it is
            seen["upload"] = upload
            photo = _small_enough(uploaded_photo(upload) if upload else sample)
            found = segmenting.probabilities(network, photo)
            seen.update(photo=photo, found=found, place=[side // 2 for side in photo.shape[:2]])
            _show(picture, photo, found, network.classes)
        return panels.your_own_photo(seen["photo"], seen["found"], *seen["place"], network.classes)

    explorer = Explorer(draw, {"upload": upload}, [picture])

    def ask(places):
        seen["place"] = places[-1].tolist() if len(places) else seen["place"]
        explorer.redraw()

    picture.on_touch(ask)
    return explorer


def _show(picture, photo, found, classes):
    """Another photo in the Touchable `picture`, under the colours of its labels."""
    height, width = photo.shape[:2]
    picture.rows, picture.columns, picture.frame = height, width, [height // 2, width // 2]
    labels = found.argmax(axis=-1)
    shares = sorted(pictures.shares(labels, classes.names).items(), key=lambda item: -item[1])
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.01)
    picture.show(pictures.blend(photo, labels, classes), f"photo under its labels' colours: {words}")


def _small_enough(photo):
    seen = segmenting.as_seen(photo)
    if seen.shape[0] * seen.shape[1] > MOST_PIXELS:
        raise ValueError(
            f"The photo has {photo.shape[0]}x{photo.shape[1]} pixels: too long a strip. Cut out a part of it."
        )
    return seen


def uploaded_photo(value):
    """RGB photo (H, W, 3) uint8 of a FileUpload's `value`: a dict in ipywidgets 7, a tuple of dicts in 8.

    Raises ValueError that names the file when it is empty, no photo, or too large (`photos.load`).
    """
    files = [{**file["metadata"], **file} for file in value.values()] if isinstance(value, dict) else list(value)
    name, content = files[-1]["name"], bytes(files[-1]["content"])
    if not content:
        raise ValueError(f"{name} is empty (0 bytes). Choose another file.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        path.write_bytes(content)
        try:
            return photos.load(path)
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), name)) from error
