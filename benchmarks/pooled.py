"""Make the small file of pooled activations that config/datasets/voc07-lt-pooled.yaml reads, from the full features.

    python benchmarks/pooled.py results/voc07-frozen/data/voc07-lt-frozen --out config/pooled/voc07-lt.npz

The folder is what this leaves, with your photographs and weights:

    snakemake --cores 2 --configfile config/voc07-frozen.yaml \\
        results/voc07-frozen/data/voc07-lt-frozen/features.npz

Prints the file's sha256, which is source.sha256 of the data set's file.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np

from ltmlc.data.split import load_split
from ltmlc.disk.arrays import read_arrays
from ltmlc.disk.files import canonical_json, sha256_file, write_atomically

SOURCE = (
    "VOC2007 train and val photographs (PASCAL VOC challenge, from flickr, under flickr's terms of use; none is "
    "in this file), seen by He et al.'s ImageNet ResNet-50 (MIT licence): global average and maximum of the last "
    "feature map; labels and ids are facts of the VOC2007 annotations. This file: MIT, as the project."
)

AVERAGE_STEP = 0.25
"""Of the root mean square deviation of a dimension of the training views: 0.4 % of their variance is lost."""
MAXIMUM_STEP, COMPONENTS = 2.0, 256
"""Of the standard deviation along the last component that is kept."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with split.json and features.npz")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    split, full = (
        load_split(options.folder / "split.json"),
        read_arrays(options.folder / "features.npz", ["stamp", "average", "maximum"]),
    )
    stamp = json.loads(str(full["stamp"]))
    names = {"classes": split.classes, "train_ids": split.train_ids, "test_ids": split.test_ids}
    content = pooled_file(
        full["average"],
        full["maximum"],
        split.matrix,
        names,
        views=stamp["model.cached_views"],
        about=canonical_json({"source": SOURCE, "made of": stamp}),
    )
    write_atomically(options.out, content)
    print(f"{options.out}: {len(content) / 1e6:.1f} MB, sha256 {sha256_file(options.out)}")


def pooled_file(
    average: np.ndarray, maximum: np.ndarray, labels: np.ndarray, names: dict[str, list[str]], *, views: int, about: str
) -> bytes:
    """The file of full features; the same arrays give the same bytes.

    Args:
        average, maximum: (train * views + test, D) float32, as ``features.npz`` has them.
        labels: (train + test, C), uint8.
        names: ``classes``, ``train_ids`` and ``test_ids``.
        views: of every training image.
        about: where they are from, and under which licence; stands in the file.
    """
    seen = len(names["train_ids"]) * views
    average_step = np.float32(AVERAGE_STEP * np.sqrt(average[:seen].var(0, dtype=np.float64).mean()))
    mean = maximum[:seen].mean(0, dtype=np.float64)
    variance, vectors = np.linalg.eigh(np.cov(maximum[:seen].T.astype(np.float64)))
    kept = min(COMPONENTS, len(variance))
    basis = vectors[:, ::-1][:, :kept].T
    basis_step = np.abs(basis).max(1) / 127
    codes = np.rint(basis / basis_step[:, None]).astype(np.int8)
    components = (maximum - mean) @ np.linalg.pinv(codes * basis_step[:, None])
    maximum_step = max(MAXIMUM_STEP * np.sqrt(max(variance[-kept], 0)), np.abs(components).max() / 127)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        about=about,
        views=views,
        labels=labels,
        **{key: np.array(value) for key, value in names.items()},
        average=np.rint(average.T / average_step).clip(0, 255).astype(np.uint8),
        average_step=average_step,
        maximum=np.rint(components.T / maximum_step).astype(np.int8),
        maximum_step=np.float32(maximum_step),
        maximum_mean=mean.astype(np.float32),
        basis=codes,
        basis_step=basis_step.astype(np.float32),
    )
    return content.getvalue()


if __name__ == "__main__":
    main()
