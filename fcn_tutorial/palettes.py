"""Colours for classes that nobody gave any, told apart by every kind of colour vision as far as that is possible.

Colours are chosen one by one, each as far as can be from those before it, and then moved where that helps.
"""

from functools import lru_cache

import numpy as np

MOST = 30  # classes that an eye can hold apart; beyond, two colours are closer than 8 (CIEDE2000)
VOID_GREY = (128, 128, 128)

# Machado, Oliveira and Fernandes 2009: linear RGB as usual, protanope, deuteranope and tritanope eyes see it.
EYES = np.array([
    np.eye(3),
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
])  # fmt: skip


def distances(colours):
    """How far apart RGB colours (N, 3) are, 0 to 255: (N, N), the least CIEDE2000 distance over the four `EYES`."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    rgb = np.asarray(colours) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.einsum("eij,nj->eni", EYES, linear), 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))
    return np.min([deltaE_ciede2000(eye[:, None], eye[None]) for eye in lab], axis=0)


@lru_cache
def distinct(count):
    """`count` RGB colours as a tuple of tuples, 0 to 255, apart from each other and from void's grey; always the same.

    Up to `MOST` they differ by 8 or more for each kind of eye; beyond that they only differ.
    Raises ValueError for less than 1 or more than 255.
    """
    if not 1 <= count <= 255:
        raise ValueError(f"{count} colours were asked for; expected 1 to 255, as many as a label map can hold.")
    steps = np.linspace(0, 255, 9).round().astype(int)
    candidates = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = distances(candidates)
    chosen = [int(np.abs(candidates - VOID_GREY).sum(axis=1).argmin())]
    while len(chosen) <= count:
        chosen.append(int(apart[chosen].min(axis=0).argmax()))
    chosen = _moved(chosen, apart)
    return tuple(tuple(int(value) for value in candidates[place]) for place in chosen[1:])


def _moved(chosen, apart):
    """While it helps: one of the two closest colours goes where it is farthest from all others; void's grey stays."""
    chosen = np.array(chosen)
    while True:
        among = apart[np.ix_(chosen, chosen)] + np.diag(np.full(len(chosen), np.inf))
        moves = []
        for place in np.unravel_index(among.argmin(), among.shape):
            nearest = apart[np.delete(chosen, place)].min(axis=0)
            moves.append((nearest.max(), place, int(nearest.argmax())))
        gain, place, target = max(move for move in moves if move[1] > 0)
        if gain <= among.min():
            return chosen
        chosen[place] = target
