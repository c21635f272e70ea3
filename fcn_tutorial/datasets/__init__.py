"""Data sets: each has ``len(ds)``, ``ds[i] -> (image uint8 (H, W, 3) RGB, labels uint8 (H, W))`` and ``.name``."""
