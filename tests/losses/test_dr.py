"""DR and its relatives against the paper's equations, the released expression, and each other."""

import pytest
import torch
from losses.references import COUNTS, NUM_IMAGES, logits_for

from ltmlc.losses import (
    ClassStats,
    asl,
    balpoe,
    bce,
    c_lsep,
    c_zlpr,
    cb_focal,
    circle,
    db_focal,
    dr,
    focal,
    gc,
    ldam,
    lsep,
    pgc,
    zlpr,
)
from ltmlc.losses.subject import LABELS, labels_of

STATS = ClassStats(COUNTS, NUM_IMAGES)


def released(logits, labels, gamma1, gamma2):
    """dr_loss.py of the released code, typed from its formula (METHODS 1.3), per class: exponentials multiplied."""
    absent, present = 1e12 * (1 - labels), 1e12 * labels
    positive = torch.exp(torch.logsumexp(-gamma1 * (logits + absent), 0))
    negative = torch.exp(torch.logsumexp(gamma1 * (logits - present), 0))
    constraint = torch.exp(torch.logsumexp(gamma2 * (logits - present), 0))
    return torch.log(1 + positive * negative + constraint)


def ours(logits, labels, gamma1, gamma2):
    return dr(logits, labels, gamma1=gamma1, gamma2=gamma2, reduction="none")


def column(function, positives, negatives, gamma2):
    """Loss of one float32 class column with gamma1 5, and its gradients on the positives and negatives."""
    logits = torch.tensor([[s] for s in positives + negatives], requires_grad=True)
    labels = torch.tensor([[1.0]] * len(positives) + [[0.0]] * len(negatives))
    loss = function(logits, labels, 5.0, gamma2)
    loss.sum().backward()
    gradient = logits.grad.flatten().tolist()
    return loss.item(), gradient[: len(positives)], gradient[len(positives) :]


@pytest.mark.parametrize(
    ("positives", "negatives", "gamma2"),
    [([0.0], [8.8], 10.0), ([0.0], [12.6], 7.0), ([-1.0, 2.0], [0.5, -3.0], 7.0), ([], [1.0, -1.0], 7.0)],
)
def test_the_released_expression_is_the_same_function_where_it_is_finite(positives, negatives, gamma2):
    loss, *gradients = column(ours, positives, negatives, gamma2)
    released_loss, *released_gradients = column(released, positives, negatives, gamma2)
    assert loss == pytest.approx(released_loss, rel=1e-5)
    for mine, theirs in zip(gradients, released_gradients, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-6)


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("positives", "negatives", "gamma2", "released_loss", "released_gradient", "loss", "gradient"),
    [
        pytest.param([0.0], [8.9], 10.0, INF, NAN, 89.0, 10.0, id="gamma2 s_n > 88.72, gamma2 10"),
        pytest.param([0.0], [12.7], 7.0, INF, NAN, 88.9, 7.0, id="gamma2 s_n > 88.72, gamma2 7"),
        pytest.param([-9.0], [9.0], 7.0, INF, 0.0, 90.0, 5.0, id="margin > 17.74, both factors finite"),
        pytest.param([20.0], [18.0], 1.0, INF, NAN, 18.0, 1.0, id="s_n > 17.74"),
        pytest.param([-18.0], [0.0], 7.0, INF, NAN, 90.0, 5.0, id="s_p < -17.74"),
        pytest.param([], [18.0], 1.0, NAN, NAN, 18.0, 1.0, id="absent class, s_n > 17.74"),
        pytest.param([21.0], [18.0], 1.0, NAN, NAN, 18.0, 1.0, id="s_p > 20.7 and s_n > 17.74"),
    ],
)
def test_right_where_the_released_expression_fails(
    positives, negatives, gamma2, released_loss, released_gradient, loss, gradient
):
    failed_loss, _, (failed_gradient,) = column(released, positives, negatives, gamma2)
    assert failed_loss == pytest.approx(released_loss, nan_ok=True)
    assert failed_gradient == pytest.approx(released_gradient, nan_ok=True)
    found_loss, _, (found_gradient,) = column(ours, positives, negatives, gamma2)
    assert found_loss == pytest.approx(loss, rel=1e-4)
    assert found_gradient == pytest.approx(gradient, rel=1e-3)


def gradient_of(loss, logits):
    logits = logits.clone().requires_grad_()
    loss(logits).sum().backward()
    return logits.grad


@pytest.mark.parametrize("scale", [1, 30])
@pytest.mark.parametrize("case", LABELS)
def test_gradients_are_those_of_equations_9_and_10(case, scale):
    """On a negative n of class k, per class and before the mean over classes; the paper's derivation, by entry."""
    labels, gamma1, gamma2 = labels_of(case), 5.0, 7.0
    logits = logits_for("dr", labels, scale)
    c_lsep_gradient = gradient_of(lambda s: c_lsep(s, labels, gamma=gamma1, reduction="none"), logits)
    dr_gradient = gradient_of(lambda s: dr(s, labels, gamma1=gamma1, gamma2=gamma2, reduction="none"), logits)
    for k in range(labels.shape[1]):
        positives, negatives = logits[labels[:, k] == 1, k], logits[labels[:, k] == 0, k]
        pairs = (gamma1 * (negatives[:, None] - positives)).exp()  # (|N_k|, |P_k|)
        constraint = (gamma2 * negatives).exp()
        equation_9 = gamma1 * pairs.sum(1) / (1 + pairs.sum())
        equation_10 = (gamma1 * pairs.sum(1) + gamma2 * constraint) / (1 + pairs.sum() + constraint.sum())
        for found, expected in ((c_lsep_gradient, equation_9), (dr_gradient, equation_10)):
            torch.testing.assert_close(found[labels[:, k] == 0, k], expected, rtol=1e-9, atol=1e-12)


def test_the_gradient_on_positives_is_the_share_of_the_pairs():
    """-gamma1 exp(a + b - L) softmax_P(-gamma1 s), which the paper does not print (METHODS 1.3)."""
    labels, gamma1, gamma2 = labels_of("mixed"), 5.0, 7.0
    logits = logits_for("dr", labels, 1)
    found = gradient_of(lambda s: dr(s, labels, gamma1=gamma1, gamma2=gamma2, reduction="none"), logits)
    values = dr(logits, labels, gamma1=gamma1, gamma2=gamma2, reduction="none")
    for k in range(labels.shape[1]):
        positives, negatives = logits[labels[:, k] == 1, k], logits[labels[:, k] == 0, k]
        pairs = (gamma1 * (negatives[:, None] - positives)).exp().sum()
        expected = -gamma1 * pairs / values[k].exp() * torch.softmax(-gamma1 * positives, 0)
        torch.testing.assert_close(found[labels[:, k] == 1, k], expected)


@pytest.mark.parametrize("case", LABELS)
@pytest.mark.parametrize(("sample_wise", "class_wise"), [(lsep, c_lsep), (zlpr, c_zlpr)])
def test_a_sample_wise_loss_on_the_transpose_is_the_class_wise_one(sample_wise, class_wise, case):
    labels = labels_of(case)
    logits = logits_for("lsep", labels, 30)
    torch.testing.assert_close(
        sample_wise(logits.T, labels.T, reduction="none"), class_wise(logits, labels, reduction="none")
    )


def test_circle_on_the_transpose_exchanges_its_axes():
    labels = labels_of("mixed")
    logits = logits_for("circle", labels, 1)
    assert torch.equal(circle(logits.T, labels.T, axis="sample"), circle(logits, labels, axis="class"))


@pytest.mark.parametrize("case", LABELS)
def test_without_the_constraint_on_negatives_dr_is_c_lsep_and_gc_is_pgc(case):
    labels = labels_of(case)
    logits = logits_for("dr", labels, 1)
    constraint = ((7.0 * logits).exp() * (1 - labels)).sum(0)
    options = {"gamma1": 5.0, "reduction": "none"}
    with_it = dr(logits, labels, gamma2=7.0, **options).exp() - constraint
    torch.testing.assert_close(with_it, c_lsep(logits, labels, gamma=5.0, reduction="none").exp())
    with_it = gc(logits, labels, gamma2=7.0, gamma3=6.0, **options).exp() - constraint
    torch.testing.assert_close(with_it, pgc(logits, labels, gamma3=6.0, **options).exp())


@pytest.mark.parametrize("case", LABELS)
def test_pgc_is_dr_with_the_sides_exchanged(case):
    labels = labels_of(case)
    logits = logits_for("dr", labels, 30)
    torch.testing.assert_close(pgc(-logits, 1 - labels, gamma3=7.0), dr(logits, labels, gamma2=7.0))


def test_dr_of_a_class_without_positives_is_a_softplus_of_its_negatives():
    logits = torch.tensor([[-50.0], [0.3], [40.0]])
    for row in logits:
        alone = dr(row[None], torch.zeros(1, 1), gamma2=7.0)
        torch.testing.assert_close(alone, torch.nn.functional.softplus(7 * row[0]))
    gradient = gradient_of(lambda s: dr(s, torch.zeros(3, 1), gamma2=1.0), logits / 50)
    assert (gradient > 0).all()


@pytest.mark.parametrize(
    ("loss", "case", "untouched"),
    [
        (lsep, "sample with every class", (0, slice(None))),
        (lsep, "sample with no class", (0, slice(None))),
        (c_lsep, "absent class", (slice(None), 1)),
        (c_lsep, "class in every sample", (slice(None), 0)),
        (lambda s, y: circle(s, y, axis="class"), "absent class", (slice(None), 1)),
        (lambda s, y: dr(s, y, gamma2=7.0), "class in every sample", (slice(None), 0)),
        (lambda s, y: pgc(s, y, gamma3=7.0), "absent class", (slice(None), 1)),
    ],
)
def test_without_a_pair_or_constraint_the_gradient_is_exactly_zero(loss, case, untouched):
    labels = labels_of(case)
    for scale in (1, 1000):
        gradient = gradient_of(lambda s: loss(s, labels), logits_for("dr", labels, scale, dtype=torch.float32))
        assert torch.equal(gradient[untouched], torch.zeros_like(gradient[untouched]))


@pytest.mark.parametrize(
    ("loss", "case", "column", "sign"),
    [
        (lambda s, y: dr(s, y, gamma2=7.0), "absent class", 1, 1),
        (lambda s, y: gc(s, y, gamma2=7.0, gamma3=7.0), "absent class", 1, 1),
        (c_zlpr, "absent class", 1, 1),
        (lambda s, y: pgc(s, y, gamma3=7.0), "class in every sample", 0, -1),
        (lambda s, y: gc(s, y, gamma2=7.0, gamma3=7.0), "class in every sample", 0, -1),
        (c_zlpr, "class in every sample", 0, -1),
    ],
)
def test_a_constraint_acts_on_a_class_without_pairs(loss, case, column, sign):
    labels = labels_of(case)
    gradient = gradient_of(lambda s: loss(s, labels), logits_for("dr", labels, 1))
    assert (sign * gradient[:, column] > 0).all()


def test_the_bce_family_meets_in_bce():
    labels = labels_of("mixed")
    logits = logits_for("bce", labels, 1)
    plain = bce(logits, labels)
    torch.testing.assert_close(
        plain, torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.double()), rtol=1e-12, atol=0
    )
    torch.testing.assert_close(focal(logits, labels, gamma=0.0, balance=1.0), plain)
    torch.testing.assert_close(cb_focal(logits, labels, stats=STATS, beta=0.0, gamma=0.0, balance=1.0), plain)
    torch.testing.assert_close(asl(logits, labels, gamma_neg=0.0, gamma_pos=0.0, clip=0.0), plain)
    torch.testing.assert_close(ldam(logits, labels, stats=STATS, max_margin=0.0), plain)
    torch.testing.assert_close(balpoe(logits[None], labels, stats=STATS, tau=(0.0,)), plain)
    flat = {"alpha": 0.5, "beta": 0.0, "neg_scale": 1.0, "init_bias": 0.0, "gamma": 0.0, "balance": 1.0}
    torch.testing.assert_close(db_focal(logits, labels, stats=STATS, **flat), plain)


def test_asl_stops_where_the_original_clamps():
    """Positives below s = log(1e-8) = -18.42 cost -log(1e-8) each and have no gradient (METHODS 1.11)."""
    logits = torch.tensor([[-18.0, -18.5, -1000.0]], requires_grad=True)
    values = asl(logits, torch.ones(1, 3), reduction="none")
    values.sum().backward()
    assert values.tolist()[0] == pytest.approx([18.0, 18.42068, 18.42068], rel=1e-5)
    assert logits.grad.tolist()[0] == pytest.approx([-1.0, 0.0, 0.0])


def test_db_focal_takes_a_class_of_every_training_image_as_missing_from_one():
    labels = labels_of("mixed")
    logits = logits_for("db_focal", labels, 1)
    everywhere = db_focal(logits, labels, stats=ClassStats([1000, 4, 20, 100], 1000))
    assert everywhere.isfinite()
    nearly = db_focal(logits, labels, stats=ClassStats([999, 4, 20, 100], 1000))
    torch.testing.assert_close(everywhere, nearly, rtol=1e-3, atol=0)
