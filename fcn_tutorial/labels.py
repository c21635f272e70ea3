"""Class names, the void index and the palette: one table, used everywhere.

The eleven classes and their order are CamVid's, as SegNet and later papers report them (notebook 05).
"""

import numpy as np

CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree",
    "sign", "fence", "car", "pedestrian", "bicyclist",
)  # fmt: skip
NAMES = (*CLASSES, "void")
VOID = len(CLASSES)  # pixels nobody labelled: never counted, neither in the loss nor in a metric

# Twelve RGB colours (the last is void's), searched so that the least CIEDE2000 distance between two of them stays
# above 12 for normal, protanope, deuteranope and tritanope eyes (tests/test_labels.py).
PALETTE = np.array([
    [171, 192, 255], [140, 126, 83], [255, 255, 251], [71, 52, 73], [186, 203, 167], [73, 93, 77],
    [237, 238, 63], [177, 165, 30], [0, 6, 171], [160, 15, 0], [161, 93, 173], [128, 128, 128],
], dtype=np.uint8)  # fmt: skip


def colour(labels):
    """RGB picture (H, W, 3) uint8 of a label map (H, W) of class indices 0 to 11.

    Raises ValueError for any other value or shape.
    """
    labels = check_labels(labels)
    return PALETTE[labels]


def borders(labels):
    """Boolean map (H, W): the pixels whose class differs from that of the pixel above or to the left."""
    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    return edge


def check_labels(labels, source="the label map"):
    """Return `labels` (H, W) as uint8 after checking shape, dtype and that every value is a class index or VOID.

    Raises ValueError that names `source`, what was found and what to do.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise ValueError(
            f"{source} has shape {labels.shape}; expected (H, W), one class index for each pixel. "
            "A mask stored as colours must be turned into class indices first."
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{source} holds {labels.dtype} values; expected integers, class indices 0 to {VOID}.")
    wrong = labels[(labels < 0) | (labels > VOID)]
    if wrong.size:
        raise ValueError(
            f"{source} holds the values {np.unique(wrong)[:5].tolist()}; expected class indices 0 to {VOID - 1} and "
            f"{VOID} for void. Map the file's own numbering to these classes first."
        )
    return labels.astype(np.uint8)
