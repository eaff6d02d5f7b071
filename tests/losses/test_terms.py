"""Sums of terms, and what is said about a term that does not fit."""

import pytest
import torch
from losses.references import COUNTS, NUM_IMAGES, logits_for

from ltmlc.losses import LOSSES, ClassStats, bce, build_loss, c_lsep, db_focal, dr
from ltmlc.losses.subject import labels_of

STATS = ClassStats(COUNTS, NUM_IMAGES)
LABELS = labels_of("mixed")
LOGITS = logits_for("bce", LABELS, 1)
DR = {"name": "dr", "gamma2": 7}


def test_a_single_term_is_its_function():
    assert build_loss([DR], STATS)(LOGITS, LABELS) == dr(LOGITS, LABELS, gamma2=7)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["bce", "c_lsep"], lambda: bce(LOGITS, LABELS) + c_lsep(LOGITS, LABELS)),
        (["c_lsep", "db_focal"], lambda: c_lsep(LOGITS, LABELS) + db_focal(LOGITS, LABELS, stats=STATS)),
        (["bce", "dr"], lambda: bce(LOGITS, LABELS) + dr(LOGITS, LABELS, gamma2=7)),
        (["dr", "db_focal"], lambda: dr(LOGITS, LABELS, gamma2=7) + db_focal(LOGITS, LABELS, stats=STATS)),
    ],
)
def test_the_sums_of_table_5_are_sums_of_means_in_either_order(terms, expected):
    terms = [DR if name == "dr" else {"name": name} for name in terms]
    torch.testing.assert_close(build_loss(terms, STATS)(LOGITS, LABELS), expected(), rtol=1e-14, atol=0)
    torch.testing.assert_close(build_loss(terms[::-1], STATS)(LOGITS, LABELS), expected(), rtol=1e-14, atol=0)


def test_weights_scale_values_and_gradients():
    logits = LOGITS.clone().requires_grad_()
    build_loss([{"name": "bce", "weight": 0.5}, {**DR, "weight": 2}])(logits, LABELS).backward()
    expected = LOGITS.clone().requires_grad_()
    (0.5 * bce(expected, LABELS) + 2 * dr(expected, LABELS, gamma2=7)).backward()
    torch.testing.assert_close(logits.grad, expected.grad)
    weighted = build_loss([{"name": "bce", "weight": 3}])(LOGITS, LABELS, reduction="none")
    assert torch.equal(weighted, 3 * bce(LOGITS, LABELS, reduction="none"))


def test_values_of_a_single_term_have_its_natural_shape():
    assert build_loss([DR])(LOGITS, LABELS, reduction="none").shape == (4,)


def test_values_of_a_sum_are_refused():
    loss = build_loss([DR, {"name": "bce"}])
    with pytest.raises(ValueError, match=r"'none' needs a loss of one term, this is dr \+ bce"):
        loss(LOGITS, LABELS, reduction="none")


def test_a_sum_checks_its_labels():
    with pytest.raises(ValueError, match="labels must be 0 or 1, found 2"):
        build_loss([DR, {"name": "bce"}])(LOGITS, 2 * LABELS)
    with pytest.raises(ValueError, match="labels must be a tensor"):
        build_loss([DR, {"name": "bce"}])(LOGITS, LABELS.tolist())


def test_a_sum_of_half_precision_is_a_float32_scalar():
    logits = LOGITS.to(torch.bfloat16).requires_grad_()
    loss = build_loss([DR, {"name": "db_focal"}], STATS)(logits, LABELS)
    loss.backward()
    assert loss.dtype == torch.float32
    assert logits.grad.dtype == torch.bfloat16


def test_the_caller_s_terms_are_left_alone_and_not_kept():
    term = {"name": "dr", "gamma2": 7}
    loss = build_loss([term])
    assert term == {"name": "dr", "gamma2": 7}
    term["gamma2"] = 1
    assert loss(LOGITS, LABELS) == dr(LOGITS, LABELS, gamma2=7)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([], "one or more"),
        ({"name": "bce"}, "must be a list"),
        (["bce"], "a loss term must be a mapping"),
        ([{}], "unknown loss None; valid names: bce, rw"),
        ([{"name": "drl"}], f"unknown loss 'drl'; valid names: {', '.join(LOSSES)}"),
        ([{"name": "dr", "gama2": 7}], "loss dr has no parameter 'gama2'; valid: gamma1, gamma2"),
        ([{"name": "bce", "gamma": 7}], "loss bce has no parameter 'gamma'; valid: none"),
        ([{"name": "bce", "reduction": "sum"}], "loss bce has no parameter 'reduction'"),
        ([{"name": "rw", "stats": None}], "loss rw has no parameter 'stats'"),
        ([{"name": "dr"}], "loss dr needs a value for 'gamma2'; its parameters: gamma1, gamma2"),
        ([{"name": "asl", "eps": "1e-8"}], "parameter 'eps' of loss asl must be a finite number, got '1e-8'"),
        ([{"name": "asl", "clip": True}], "parameter 'clip' of loss asl must be a finite number"),
        ([{"name": "asl", "detach_focus": 1}], "parameter 'detach_focus' of loss asl must be true or false"),
        ([{"name": "circle", "axis": 0}], "parameter 'axis' of loss circle must be text, got 0"),
        ([{"name": "balpoe", "tau": 1}], "parameter 'tau' of loss balpoe must be a list of finite numbers"),
        ([{**DR, "weight": "2"}], "the weight of loss dr must be a finite number"),
        ([{"name": "rw"}], "loss rw needs class statistics"),
    ],
)
def test_a_term_that_does_not_fit_is_refused_in_one_sentence(terms, message):
    with pytest.raises(ValueError) as error:
        build_loss(terms)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
