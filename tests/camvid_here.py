"""Where the real CamVid is for tests: FCN_TUTORIAL_CAMVID, or a folder beside the repository; skip without it."""

import os
from pathlib import Path

import pytest


def camvid_folder():
    """Path of CamVid's folder; skips the calling test where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "camvid"
    folder = Path(os.environ.get("FCN_TUTORIAL_CAMVID", beside))
    if not (folder / "train").is_dir():
        pytest.skip("the real CamVid is not at hand; set FCN_TUTORIAL_CAMVID to its folder")
    return folder
