"""The losses once more, as double loops over float64 scalars, written from the formulas alone; and the batches to
compare on. Nothing here is stable or fast, and no formula is the package's."""

import math

import torch

from ltmlc.losses.subject import COUNTS, NUM_IMAGES, Subject


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


def cross_entropy(s, y):
    return torch.log1p(torch.exp(-s if y else s))


def split(scores, labels):
    """Positive and negative scores of one row or column."""
    pairs = list(zip(scores, labels, strict=True))
    return [s for s, y in pairs if y], [s for s, y in pairs if not y]


def pair_sum(positives, negatives, gamma):
    return sum((torch.exp(gamma * (n - p)) for p in positives for n in negatives), start=torch.zeros(()).double())


def exp_sum(scores, gamma):
    return sum((torch.exp(gamma * s) for s in scores), start=torch.zeros(()).double())


def rows(logits, labels):
    return [split(s, y) for s, y in zip(logits, labels.tolist(), strict=True)]


def columns(logits, labels):
    return rows(logits.T, labels.T)


def entrywise(value, logits, labels):
    """value(i, k, s, y) of every entry, (M, C)."""
    table = labels.tolist()
    return torch.stack(
        [torch.stack([value(i, k, logits[i, k], y) for k, y in enumerate(row)]) for i, row in enumerate(table)]
    )


def bce(logits, labels):
    return entrywise(lambda i, k, s, y: cross_entropy(s, y), logits, labels)


def rw(logits, labels):
    return entrywise(lambda i, k, s, y: math.sqrt(NUM_IMAGES / COUNTS[k]) * cross_entropy(s, y), logits, labels)


def focal_entry(s, y, gamma, balance):
    wrong = sigmoid(-s if y else s)  # 1 - pt
    return balance * wrong**gamma * cross_entropy(s, y)


def focal(logits, labels, gamma=2.0, balance=2.0):
    return entrywise(lambda i, k, s, y: focal_entry(s, y, gamma, balance), logits, labels)


def cb_focal(logits, labels, beta=0.9, mode="average_w", gamma=2.0, balance=2.0):
    def e(n):
        return (1 - beta) / (1 - beta**n)

    def weight(i, k):
        if mode == "by_class":
            return e(COUNTS[k])
        n = [count for count, y in zip(COUNTS, labels[i].tolist(), strict=True) if y]
        if not n:
            return 1 - beta
        mean_weight = sum(e(count) for count in n) / len(n)
        return {"average_w": mean_weight, "average_n": e(sum(n) / len(n)), "min_n": e(min(n))}[mode]

    return entrywise(lambda i, k, s, y: weight(i, k) * focal_entry(s, y, gamma, balance), logits, labels)


def db_focal(
    logits, labels, alpha=0.1, beta=10.0, mu=0.3, neg_scale=5.0, init_bias=0.05, gamma=2.0, balance=2.0
):  # fmt: skip
    def entry(i, k, s, y):
        total = sum(y_j / n_j for y_j, n_j in zip(labels[i].tolist(), COUNTS, strict=True))
        weight = alpha + (1 / (1 + math.exp(-beta * (1 / COUNTS[k] / total - mu))) if total else 1)
        z = s - init_bias / neg_scale * math.log(NUM_IMAGES / COUNTS[k] - 1)
        if not y:
            z, weight = neg_scale * z, weight / neg_scale
        return weight * focal_entry(z, y, gamma, balance)

    return entrywise(entry, logits, labels)


def asl(logits, labels, gamma_neg=4.0, gamma_pos=1.0, clip=0.05, eps=1e-8, detach_focus=True):
    def entry(i, k, s, y):
        p, one_minus_p = sigmoid(s), sigmoid(-s)
        if not y and one_minus_p + clip >= 1:
            return 0 * s
        kept, lost, gamma = (p, one_minus_p, gamma_pos) if y else (one_minus_p + clip, p - clip, gamma_neg)
        focus = lost**gamma
        log = torch.log1p(-lost) if kept > eps else torch.tensor(math.log(eps), dtype=torch.float64)
        return -(focus.detach() if detach_focus else focus) * log

    return entrywise(entry, logits, labels)


def ldam(logits, labels, max_margin=0.5):
    largest = max(n**-0.25 for n in COUNTS)
    margins = [max_margin * n**-0.25 / largest for n in COUNTS]
    return entrywise(lambda i, k, s, y: cross_entropy(s - margins[k] * y, y), logits, labels)


def lsep(logits, labels, gamma=1.0):
    return torch.stack([torch.log(1 + pair_sum(p, n, gamma)) for p, n in rows(logits, labels)])


def c_lsep(logits, labels, gamma=1.0):
    return torch.stack([torch.log(1 + pair_sum(p, n, gamma)) for p, n in columns(logits, labels)])


def zlpr(logits, labels):
    sums = [(exp_sum(p, -1), exp_sum(n, 1)) for p, n in rows(logits, labels)]
    return torch.stack([torch.log(1 + p) + torch.log(1 + n) for p, n in sums])


def c_zlpr(logits, labels):
    return zlpr(logits.T, labels.T)


def circle(logits, labels, margin=0.25, gamma=64.0, axis="sample", score="sigmoid"):
    def value(positives, negatives):
        total = torch.zeros(()).double()
        for p in positives:
            for n in negatives:
                weight_p = max(1 + margin - p.item(), 0)
                weight_n = max(n.item() + margin, 0)
                total = total + torch.exp(gamma * (weight_n * (n - margin) - weight_p * (p - (1 - margin))))
        return torch.log(1 + total)

    scores = sigmoid(logits) if score == "sigmoid" else logits
    sets = rows(scores, labels) if axis == "sample" else columns(scores, labels)
    return torch.stack([value(p, n) for p, n in sets])


def dr(logits, labels, gamma1=5.0, gamma2=None):
    return gradient_constrained(logits, labels, gamma1, gamma2, None)


def pgc(logits, labels, gamma1=5.0, gamma3=None):
    return gradient_constrained(logits, labels, gamma1, None, gamma3)


def gc(logits, labels, gamma1=5.0, gamma2=None, gamma3=None):
    return gradient_constrained(logits, labels, gamma1, gamma2, gamma3)


def gradient_constrained(logits, labels, gamma1, gamma2, gamma3):
    values = []
    for positives, negatives in columns(logits, labels):
        total = 1 + pair_sum(positives, negatives, gamma1)
        if gamma2 is not None:
            total = total + exp_sum(negatives, gamma2)
        if gamma3 is not None:
            total = total + exp_sum(positives, -gamma3)
        values.append(torch.log(total))
    return torch.stack(values)


def balpoe(logits, labels, tau=(0.0, 1.0, 2.0)):
    prior = [n / sum(COUNTS) + 1e-9 for n in COUNTS]
    experts = [
        entrywise(lambda i, k, s, y, t=t: cross_entropy(s + t * math.log(prior[k]), y), expert, labels)
        for expert, t in zip(logits, tau, strict=True)
    ]
    return sum(experts) / len(experts)


# Every loss with its reference and the settings to compare; a loss without an entry fails test_every_loss.py.
REFERENCES = {
    "bce": (bce, [{}]),
    "rw": (rw, [{}]),
    "focal": (focal, [{}, {"gamma": 0.0, "balance": 1.0}, {"gamma": 0.5, "balance": 0.25}]),
    "cb_focal": (
        cb_focal,
        [{"mode": m} for m in ("average_w", "average_n", "min_n", "by_class")] + [{"beta": 0.9999}, {"beta": 0.0}],
    ),
    "db_focal": (db_focal, [{}, {"mu": 0.2, "neg_scale": 2.0}, {"alpha": 10.0, "beta": 0.2, "init_bias": 0.1}]),
    "asl": (
        asl,
        [
            {},
            {"detach_focus": False},
            {"clip": 0.0},
            {"gamma_pos": 0.0, "gamma_neg": 0.0},
            {"gamma_neg": 0.5, "gamma_pos": 0.5, "detach_focus": False},
        ],
    ),
    "ldam": (ldam, [{}, {"max_margin": 0.0}]),
    "lsep": (lsep, [{}, {"gamma": 5.0}]),
    "c_lsep": (c_lsep, [{}, {"gamma": 5.0}]),
    "zlpr": (zlpr, [{}]),
    "c_zlpr": (c_zlpr, [{}]),
    "circle": (circle, [{}, {"axis": "class"}, {"margin": 0.4, "gamma": 80.0}]),
    "dr": (dr, [{"gamma2": 7.0}, {"gamma2": 10.0}, {"gamma1": 1.0, "gamma2": 1.0}]),
    "pgc": (pgc, [{"gamma3": 7.0}, {"gamma3": 5.0}]),
    "gc": (gc, [{"gamma2": 10.0, "gamma3": 5.0}]),
    "balpoe": (balpoe, [{}, {"tau": (0.0, 1.25, 2.5)}]),
}
SETTINGS = [(name, settings) for name, (_, variants) in REFERENCES.items() for settings in variants]


def logits_for(name, labels, scale, seed=0, dtype=torch.float64):
    """Those that the contract's checks use: (M, C), (3, M, C) for balpoe."""
    return Subject(None, experts=3 if name == "balpoe" else None).logits(labels, scale, seed, dtype)
