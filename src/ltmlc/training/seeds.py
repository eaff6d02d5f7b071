"""Where each random stream of a run starts: from (seed, purpose), so that runs differ only in what they compare."""

import hashlib

PURPOSES = ("weights", "order", "augmentation", "dropout", "views")


def derive_seed(seed: int, purpose: str) -> int:
    """Seed of one stream of a run, 0 to 2^63 - 1, the same on every machine and version.

    Two runs of one seed get the same initial weights, order, augmentation and dropout whatever their losses: paired
    comparisons. ``order`` is the seed itself, because sampler seed 0 must give the released sampler's index order
    (METHODS.md 2); the others are hashed, so that no two streams are alike.

    Raises:
        ValueError: a negative seed or an unknown purpose.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"purpose is {purpose!r}; choose one of {', '.join(PURPOSES)}")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more")
    if purpose == "order":
        return seed
    digest = hashlib.sha256(f"ltmlc {purpose} {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
