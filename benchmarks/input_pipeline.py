"""Input pipeline: packed bytes and batched augmentation against the released code's way, on the same files in one run.

    python benchmarks/input_pipeline.py PHOTOGRAPHS [--count 1024] [--image-size 224] [--batch-size 32]

The released way (METHODS.md 3.3): two DataLoader workers, each image decoded by OpenCV, distorted at full size with
NumPy, cropped, resized, normalised. Prints Markdown. Peak memory and the cost of packing are stated too.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ltmlc.data.augment.batch import draw_augmentation, test_batch, training_batch
from ltmlc.data.pack.images import Images
from ltmlc.data.pack.pack import Pack, build_pack, open_pack
from ltmlc.data.sources.images import read_rgb
from ltmlc.plan.config import load_dataset

SETTINGS = load_dataset("voc-lt", Path(__file__).parents[1])["augmentation"]
MEAN, STD = np.array(SETTINGS["mean"], np.float32), np.array(SETTINGS["std"], np.float32)


class ReleasedTraining(Dataset):
    """One image at a time, in the order and with the operations of the released code."""

    def __init__(self, paths: list[str], image_size: int) -> None:
        self.paths, self.size = paths, (image_size, image_size)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        rng = np.random.default_rng([0, index])
        image = distort(cv2.imread(self.paths[index]).astype(np.float32), rng)
        image = cv2.resize(crop(image, rng), self.size, interpolation=cv2.INTER_LINEAR)
        image = (cv2.cvtColor(image, cv2.COLOR_BGR2RGB) - MEAN) / STD
        if rng.random() < 0.5:
            image = image[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


class ReleasedTest(ReleasedTraining):
    def __getitem__(self, index: int) -> torch.Tensor:
        image = cv2.resize(cv2.imread(self.paths[index]), self.size, interpolation=cv2.INTER_LINEAR)
        image = (cv2.cvtColor(image.astype(np.float32), cv2.COLOR_BGR2RGB) - MEAN) / STD
        return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def distort(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    def coin() -> bool:
        return rng.random() < 0.5

    if coin():
        image += rng.uniform(-32, 32)
    contrast_first = coin()
    if contrast_first and coin():
        image *= rng.uniform(0.5, 1.5)
    image = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    if coin():
        image[..., 1] *= rng.uniform(0.5, 1.5)
    if coin():
        image[..., 0] += rng.uniform(-18, 18)
        image[..., 0][image[..., 0] > 360] -= 360
        image[..., 0][image[..., 0] < 0] += 360
    image = cv2.cvtColor(image, cv2.COLOR_HSV2BGR)
    if not contrast_first and coin():
        image *= rng.uniform(0.5, 1.5)
    return image[..., rng.permutation(3)] if coin() else image


def crop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    for _ in range(50):
        new_width, new_height = rng.uniform(0.8 * width, width), rng.uniform(0.8 * height, height)
        if 0.5 <= new_height / new_width <= 2:
            left, top = rng.random() * (width - new_width), rng.random() * (height - new_height)
            return image[int(top) : int(top + new_height), int(left) : int(left + new_width)]
    return image


def one_opencv_thread(_worker: int) -> None:
    """Two processes already use two cores: more threads inside OpenCV would only slow the released way down."""
    cv2.setNumThreads(1)


def released_batches(dataset: Dataset, batch_size: int) -> Iterator[torch.Tensor]:
    # Spawned, because a process forked from one in which OpenCV already runs threads hangs.
    return iter(
        DataLoader(
            dataset, batch_size, num_workers=2, worker_init_fn=one_opencv_thread, multiprocessing_context="spawn"
        )
    )


def packed_batches(pack: Pack, image_size: int, batch_size: int, *, training: bool) -> Iterator[torch.Tensor]:
    packed = Images(torch.from_numpy(pack.images), pack.offsets, pack.heights, pack.widths)
    for iteration, first in enumerate(range(0, len(pack.ids), batch_size)):
        images = packed.chosen(slice(first, first + batch_size))
        options = {"image_size": image_size, "settings": SETTINGS}
        if training:
            drawn = draw_augmentation(np.random.default_rng([0, 0, iteration]), images.heights, images.widths, SETTINGS)
            yield training_batch(images, drawn, **options)
        else:
            yield test_batch(images, **options)


def images_per_second(batches: Iterator[torch.Tensor], *, warm_up: int = 4) -> float:
    """From the end of the warm-up, when workers run and caches are filled, to the last batch."""
    for _ in range(warm_up):
        next(batches)
    start = stop = time.perf_counter()
    count = 0
    for batch in batches:
        count += len(batch)
        stop = time.perf_counter()
    return count / (stop - start)


def resident_megabytes() -> dict[str, float]:
    """Memory of this process: its own, and mapped from files (which the system takes back when it needs room)."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {key: int(lines[key].split()[0]) / 1024 for key in ("RssAnon", "RssFile")}


def packing(paths: list[str], directory: Path) -> tuple[Pack, float, float]:
    """Images/s of bare decoding and of packing, with as many threads."""
    cores = len(os.sched_getaffinity(0))
    for path in paths:
        Path(path).read_bytes()  # both find the files in memory
    start = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        for _ in pool.map(cv2.imread, paths):
            pass
    bare = len(paths) / (time.perf_counter() - start)
    split = SimpleNamespace(
        dataset="photographs", classes=["any"], train_ids=paths, test_ids=[], sha256="0" * 64,
        train_labels=[[0]] * len(paths), test_labels=[],
    )  # fmt: skip
    start = time.perf_counter()
    pack = build_pack(SimpleNamespace(read_image=read_rgb), split, directory, progress=False)
    return pack, bare, len(paths) / (time.perf_counter() - start)


def mapped_memory(directory: Path, images: int = 6909, height: int = 480, width: int = 640) -> tuple[float, dict, dict]:
    """Gigabytes of a pack as large as coco-lt's (1909 + 5000 images), and memory taken by opening it and using a batch.

    The file is sparse: its size is real, its content is not.
    """
    path = directory / "sparse.bin"
    with path.open("wb") as file:
        file.truncate(images * height * width * 3)
    before = resident_megabytes()
    mapped = np.memmap(path, np.uint8, mode="c")
    opened = resident_megabytes()
    chosen = np.random.default_rng(0).choice(images, 32, replace=False)
    sizes = np.full(32, height), np.full(32, width)
    drawn = draw_augmentation(np.random.default_rng(0), *sizes, SETTINGS)
    batch = Images(torch.from_numpy(mapped), chosen * height * width * 3, *sizes)
    training_batch(batch, drawn, image_size=224, settings=SETTINGS)
    used = resident_megabytes()
    gain = [{key: after[key] - before[key] for key in before} for after in (opened, used)]
    return len(mapped) / 1e9, *gain


def digits_batch_milliseconds() -> float:
    """Draws and batch of 32 canvases of 32 x 32 pixels without photometric parts."""
    settings = {key: SETTINGS[key] for key in ("crop_scale", "crop_ratio", "mean", "std")}
    sizes = np.full(32, 32), np.full(32, 32)
    images = Images(torch.randint(256, (32 * 32 * 32 * 3,), dtype=torch.uint8), np.arange(32) * 32 * 32 * 3, *sizes)
    times = []
    for iteration in range(300):
        start = time.perf_counter()
        drawn = draw_augmentation(np.random.default_rng([0, 0, iteration]), *sizes, settings)
        training_batch(images, drawn, image_size=32, settings=settings)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path, help="folder with JPEG files")
    parser.add_argument("--count", type=int, default=1024, help="files to use (default: 1024)")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3, help="both ways in turn; medians are printed (default: 3)")
    arguments = parser.parse_args()
    paths = [str(path) for path in sorted(arguments.photographs.rglob("*.jpg"))[: arguments.count]]
    if len(paths) < 8 * arguments.batch_size:
        parser.error(
            f"{arguments.photographs}: {len(paths)} .jpg files; at least {8 * arguments.batch_size} are needed"
        )

    with tempfile.TemporaryDirectory() as directory:
        pack, bare, packed = packing(paths, Path(directory))
        released, ours = {}, {}
        for name, dataset in [("training", ReleasedTraining), ("test", ReleasedTest)]:
            rounds = []
            for _ in range(arguments.rounds):  # in turn, so that a busy moment of the machine meets both
                batches = released_batches(dataset(paths, arguments.image_size), arguments.batch_size)
                first = images_per_second(batches)
                sweep = packed_batches(pack, arguments.image_size, arguments.batch_size, training=name == "training")
                rounds.append((first, images_per_second(sweep)))
            released[name], ours[name] = np.median(rounds, axis=0)
        start = time.perf_counter()
        open_pack(directory)
        verify = time.perf_counter() - start
        gigabytes, opened, used = mapped_memory(Path(directory))

    print(
        f"{len(paths)} photographs of {int((pack.heights * pack.widths).mean())} pixels on average, "
        f"{arguments.image_size} px, batch {arguments.batch_size}; {platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} cores, {torch.get_num_threads()} torch threads; "
        f"Python {platform.python_version()}, torch {torch.__version__}, OpenCV {cv2.__version__}\n"
    )
    print("| images/s | released way, 2 workers | packed | ratio |\n|---|---|---|---|")
    for name in released:
        print(f"| {name} | {released[name]:.0f} | {ours[name]:.0f} | {ours[name] / released[name]:.1f} |")
    print("\n| packing | images/s |\n|---|---|")
    print(f"| bare decoding | {bare:.0f} |\n| packing, checksum included | {packed:.0f} ({packed / bare:.0%}) |\n")
    print(
        f"Opening with verification: {verify:.2f} s for {len(pack.images) / 1e6:.0f} MB. "
        f"A pack of {gigabytes:.1f} GB (as coco-lt): opening takes {sum(opened.values()):.0f} MB of memory, "
        f"a batch {used['RssAnon']:.0f} MB own and {used['RssFile']:.0f} MB mapped. "
        f"Digits, 32 canvases of 32 px, draws and batch: {digits_batch_milliseconds():.2f} ms."
    )


if __name__ == "__main__":
    main()
