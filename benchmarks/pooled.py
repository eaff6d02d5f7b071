"""Make the small file of pooled activations that config/datasets/voc07-lt-pooled.yaml reads, from the full features.

    python benchmarks/pooled.py results/voc07-frozen/data/voc07-lt-frozen --out config/pooled/voc07-lt.npz

The folder is what this leaves, with your photographs and weights:

    snakemake --cores 2 --configfile config/voc07-frozen.yaml \\
        results/voc07-frozen/data/voc07-lt-frozen/features.npz

Prints the file's sha256, which is source.sha256 of the data set's file.
"""

import argparse
import json
from pathlib import Path

from ltmlc.data.sources.pooled import pooled_file
from ltmlc.data.split import load_split
from ltmlc.disk.arrays import read_arrays
from ltmlc.disk.files import canonical_json, sha256_file, write_atomically

SOURCE = (
    "VOC2007 train and val photographs (PASCAL VOC challenge, from flickr, under flickr's terms of use; none is "
    "in this file), seen by He et al.'s ImageNet ResNet-50 (MIT licence): global average and maximum of the last "
    "feature map; labels and ids are facts of the VOC2007 annotations. This file: MIT, as the project."
)


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


if __name__ == "__main__":
    main()
