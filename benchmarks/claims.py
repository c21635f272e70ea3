"""What the scripts share beside the clock in `timing.py`: where CamVid is, a network's scores, the last line."""

import sys

from fcn_tutorial import metrics, training
from fcn_tutorial.datasets import camvid

WITHOUT_CAMVID = (
    f"Skipped: CamVid is not on this machine. Set {camvid.VARIABLE} to its folder, or call camvid.download()."
)


def need_camvid():
    """CamVid's folder; where there is none, say so and end the script, without a failure."""
    folder = camvid.find()
    if folder is None:
        print(WITHOUT_CAMVID)
        sys.exit()
    return folder


def score(network, dataset):
    """The four metrics (`metrics.Scores`) of `network` over `dataset`."""
    return metrics.scores(training.evaluate(network, dataset, progress=False))


def verdict(holds):
    """Print whether the script's claim was seen to hold."""
    print("The claim holds." if holds else "The claim does NOT hold here.")
