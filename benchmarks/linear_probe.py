"""What frozen features and all of a pool's images reach: an upper reference for the long-tailed rows of a data set.

    python benchmarks/linear_probe.py voc07-lt-96px --data-root data --weights resnet50.pth --stride-in-1x1

The backbone with its starting weights, no fine-tuning; pooled features of every image as the evaluation sees it
(resized, no crop, no flip); one logistic regression a class (scikit-learn) on standardised features of *all* images of
the pool that the long-tailed training set is cut from, difficult objects counted; tested on the data set's test set.
The regularisation is chosen on a held-out quarter of the training images. Two threads: some two minutes at 96 px.
"""

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ltmlc.data.heldout import held_out_split
from ltmlc.data.pack.pack import build_pack, open_pack
from ltmlc.data.sources.open import open_source
from ltmlc.data.split import make_split
from ltmlc.disk.files import write_atomically
from ltmlc.metrics import average_precision, group_means
from ltmlc.models import build_model
from ltmlc.plan.config import load_dataset, merge
from ltmlc.training.batches import DeviceData, batch_size
from ltmlc.training.record.provenance import environment

STRENGTHS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]  # C of scikit-learn: the inverse of the regularisation


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    started = time.perf_counter()
    given = {key: value for key, value in (("weights", options.weights), ("stride_in_1x1", options.stride)) if value}
    settings = merge(load_dataset(options.dataset), {"model": given})
    source = open_source(settings, options.data_root)
    long_tailed = make_split(options.dataset, source, settings, root=options.data_root)
    whole = make_split(options.dataset, source, {key: settings[key] for key in settings if key != "subset"})
    x = features(source, whole, settings, max_side=options.max_side)
    print(f"{len(x)} images, {x.shape[1]} features: {time.perf_counter() - started:.0f} s", flush=True)
    train, test = x[: len(whole.train_ids)], x[len(whole.train_ids) :]
    strength, tried = choose_strength(train, whole)
    scores = fit_and_score(train, whole.train_matrix, test, strength)
    ap = average_precision(scores, whole.test_matrix)
    result = {
        "method": "linear probe: logistic regression a class on standardised pooled features of the frozen backbone",
        "dataset": options.dataset,
        "training_images": len(whole.train_ids),
        "test_images": len(whole.test_ids),
        "image_size": settings["model"]["image_size"],
        "max_side": options.max_side,
        "backbone": settings["model"]["backbone"],
        "weights": Path(options.weights).name if options.weights else settings["model"].get("weights"),
        "C": strength,
        "held_out_map_by_C": tried,
        "ap_per_class": ap.tolist(),
        # Groups are those of the long-tailed training set, so that columns are over the same classes.
        "map": group_means(ap, long_tailed.groups),
        "environment": environment(torch.device("cpu")),
        "seconds": time.perf_counter() - started,
    }
    print(json.dumps({key: result[key] for key in ("map", "C", "held_out_map_by_C", "seconds")}, indent=1))
    if options.out:
        write_atomically(options.out, json.dumps(result, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--weights", help="a file of backbone weights (default: the data set's)")
    parser.add_argument("--stride-in-1x1", dest="stride", action="store_true")
    parser.add_argument("--max-side", type=int, help="shrink larger images first, as data.max_side does")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    return parser.parse_args()


def features(source, split, settings, *, max_side: int | None) -> np.ndarray:
    """Globally pooled features of the training, then the test images: (N, D) float32."""
    model = build_model(settings["model"], len(split.classes), generator_seed=0).eval()
    model = model.to(memory_format=torch.channels_last)
    size, parts = settings["model"]["image_size"], []
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        build_pack(source, split, folder, max_side=max_side, workers=torch.get_num_threads())
        data = DeviceData.from_pack(open_pack(folder, verify=False), torch.device("cpu"))
        for start in range(0, data.images.count, batch_size(size)):
            images = data.test_inputs(slice(start, start + batch_size(size)), settings)
            parts.append(model.backbone(images.float()).mean((2, 3)).numpy())
    return np.concatenate(parts)


def choose_strength(x: np.ndarray, split) -> tuple[float, dict[str, float]]:
    held = held_out_split(split)
    row = {image_id: number for number, image_id in enumerate(split.train_ids)}
    train, test = (x[[row[each] for each in ids]] for ids in (held.train_ids, held.test_ids))
    tried = {
        strength: float(
            average_precision(fit_and_score(train, held.train_matrix, test, strength), held.test_matrix).mean()
        )
        for strength in STRENGTHS
    }
    return max(tried, key=tried.get), {f"{strength:g}": value for strength, value in tried.items()}


def fit_and_score(train: np.ndarray, labels: np.ndarray, test: np.ndarray, strength: float) -> np.ndarray:
    """Decision values (N, C)."""
    columns = []
    for k in range(labels.shape[1]):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            columns.append(model.fit(train, labels[:, k]).decision_function(test))
    return np.stack(columns, axis=1)


if __name__ == "__main__":
    main()
