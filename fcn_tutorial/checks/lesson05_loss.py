"""The exercises of notebook 05 on the loss over pixels: what void does to it, and a sum in place of a mean."""

import numpy as np

from fcn_tutorial.checks.arithmetic import softmax
from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Mistake, Task


def loss(numbers):
    """Repair a loss that counts void."""
    labels, logits, void = numbers.labels, numbers.logits, numbers.void
    return Task(
        Function(
            (
                (labels, logits, void),
                (labels[1:, :, ::2], logits[1:, :, ::2], void),
                (labels % 3, logits[..., :3], 7),
                (np.where(labels == void, 7, labels), logits, 7),
                (labels % 4, logits, 0),
            ),
            Numbers(),
        ),
        _mean_loss,
        _LOSSES,
        "Void is replaced, then masked, and the mean is over what is known.",
        "Take an image of one row by hand. Then check that void pixels' logits don't matter and that others' do.",
    )


def _losses(classes, logits):
    return -np.log(np.take_along_axis(softmax(logits), classes[..., None].astype(int), axis=-1)[..., 0])


def _known_losses(labels, logits, void):
    return _losses(np.where(labels == void, 0, labels), logits) * (labels != void)


def _mean_loss(labels, logits, void):
    return _known_losses(labels, logits, void).sum() / (labels != void).sum()


def _by_range(labels, logits):
    return np.where(labels < logits.shape[-1], labels, 255), logits, 255


def _mean_of_images(labels, logits, void):
    known = labels != void
    return np.mean(_known_losses(labels, logits, void).sum(axis=(1, 2)) / known.sum(axis=(1, 2)))


_LOSSES = (
    Mistake(
        lambda labels, logits, void: _losses(np.where(labels == void, 0, labels), logits).mean(),
        "Void pixels are counted as class 0. Change their logits, as a test: your loss moves.",
    ),
    Mistake(
        lambda labels, logits, void: _losses(np.where(labels == void, logits.shape[-1] - 1, labels), logits).mean(),
        "Void pixels are counted as the last class. Change their logits, as a test: your loss moves.",
    ),
    Mistake(
        lambda *given: _known_losses(*given).mean(),
        "Void pixels cost nothing, but they are counted in the mean. By how many pixels do you divide?",
    ),
    Mistake(lambda *given: _known_losses(*given).sum(), "That is the sum over the known pixels, not the mean."),
    Mistake(_mean_of_images, "That is the mean of the images' means. Whose pixels then weigh more than others'?"),
    Mistake(
        lambda labels, logits, void: _mean_loss(labels, logits, 255),
        "Your function leaves out 255, whatever it is told. In another data set another label marks void: use `void`.",
    ),
    Mistake(
        lambda labels, logits, void: _mean_loss(*_by_range(labels, logits)),
        "Your function leaves out what is too large for a class. Void can be any label, even 0: use `void`.",
    ),
    Mistake(
        lambda *given: _mean_loss(*given) / np.log(2), "That is the loss in bits. Which logarithm belongs to nats?"
    ),
)


def rate_factor(numbers):
    """Carry the learning rate of a summed loss over to a mean loss."""
    image, known = numbers.image_size[0] * numbers.image_size[1], 1 - numbers.void_percent / 100
    pixels = numbers.batch * image
    return Task(
        Numbers(tolerance=3e-5),
        pixels * known,
        (
            Mistake(1, "A sum and a mean differ by more than a name. Which of the two has the larger gradient?"),
            Mistake(1 / (pixels * known), "The wrong way round. Which of the two losses has the smaller gradient?"),
            Mistake(pixels, "Void pixels are counted. What do they add to the sum?"),
            Mistake(image * known, "That is for one image. Over which pixels is the sum taken, and the mean?"),
            Mistake(pixels - pixels * known, "Those are the void pixels, which neither of the losses counts."),
            Mistake(numbers.batch, "That is the number of images. What does each of them add to the sum?"),
        ),
        "The mean's gradient is that many times smaller, so its rate has to be that many times larger.",
        "How many terms does the sum have? What does dividing the loss by this number do to its gradient?",
    )
