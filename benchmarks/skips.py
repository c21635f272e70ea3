"""Claim: finer scores are better: mean IoU of FCN-8s >= FCN-16s >= FCN-32s, on street scenes and on CamVid val.

The shipped weights, each trained by the recipe in its card (data/README.md).
"""

from claims import WITHOUT_CAMVID, score, verdict

from fcn_tutorial import paths, weights
from fcn_tutorial.datasets import camvid
from fcn_tutorial.datasets.street_scenes import StreetScenes

# The scenes that notebook 05 scores on.
data = {"street": list(StreetScenes(40, seed=1))}
if camvid.find():
    data["camvid"] = camvid.CamVid(None, "val")
else:
    print(WITHOUT_CAMVID)
in_order = []
for name, dataset in data.items():
    found = []
    for stride in (32, 16, 8):
        network = weights.load(paths.data_file(f"{name}_fcn{stride}s.weights.h5"))
        scores = score(network, dataset)
        found.append(scores.mean_iou)
        figures = f"mean IoU {scores.mean_iou:.3f}, pixel accuracy {scores.pixel_accuracy:.3f}"
        print(f"{name} {network.name}: {figures}, {len(dataset)} images")
    in_order.append(found == sorted(found))
verdict(all(in_order))
