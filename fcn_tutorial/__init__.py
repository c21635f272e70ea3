"""From a pretrained classifier to a network that labels every pixel: the package behind the notebooks."""

__version__ = "0.1.0"
