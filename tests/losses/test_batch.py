"""What is checked outside the losses themselves."""

import pytest
import torch

from ltmlc.losses import bce, check_labels, describe_non_finite


def test_check_labels_names_the_first_place():
    check_labels(torch.tensor([[0, 1], [1, 0]]))
    check_labels(torch.tensor([[False, True]]))
    for bad in (2, -1, 255):
        with pytest.raises(ValueError, match=rf"labels must be 0 or 1, found {bad} at \(sample, class\) = \(1, 0\)"):
            check_labels(torch.tensor([[0, 1], [bad, 0]], dtype=torch.int16))
    with pytest.raises(ValueError, match=r"found 0.99\d*"):
        check_labels(torch.tensor([[0.0, 0.99]]))
    with pytest.raises(ValueError, match="found 255"):
        check_labels(torch.tensor([[255, 1]], dtype=torch.uint8))


def test_labels_that_are_no_tensor_are_named_and_none_at_all_are_in_order():
    with pytest.raises(ValueError, match="labels must be a tensor, got list"):
        check_labels([[0, 1]])
    check_labels(torch.zeros(0, 4))


def test_labels_of_a_type_that_torch_cannot_compute_with_are_refused():
    with pytest.raises(ValueError, match=r"labels must be of type bool, uint8, .*, got torch.uint16"):
        check_labels(torch.ones(2, 3, dtype=torch.uint16))
    with pytest.raises(ValueError, match=r"labels must be of type .*, got torch.complex64"):
        bce(torch.zeros(2, 3), torch.ones(2, 3, dtype=torch.complex64))


def test_sparse_logits_and_labels_are_refused_with_the_way_to_mend_them():
    dense, sparse = torch.ones(2, 3), torch.ones(2, 3).to_sparse()
    with pytest.raises(ValueError, match=r"labels must be a dense tensor, .* labels.to_dense\(\) makes one"):
        bce(dense, sparse)
    with pytest.raises(ValueError, match=r"logits must be a dense tensor, .* logits.to_dense\(\) makes one"):
        bce(sparse, dense)


def test_finite_logits_need_no_description():
    assert describe_non_finite(torch.tensor([[1e38, -1e38]])) is None


def test_a_non_finite_logit_is_described_by_row_and_class():
    logits = torch.zeros(3, 4)
    logits[1, 2] = torch.nan
    logits[2, 0] = torch.inf
    assert describe_non_finite(logits) == "non-finite logit nan at row 1, class 2; 2 of 12 are not finite"


def test_a_non_finite_logit_is_described_by_the_names_given():
    logits = torch.zeros(2, 2, dtype=torch.float16)
    logits[0, 1] = -torch.inf
    text = describe_non_finite(logits, ids=["2007_000032", "2007_000039"], classes=["cat", "dog"])
    assert text.startswith("non-finite logit -inf at image 2007_000032 (row 0), class dog (1)")


def test_the_expert_is_named_too():
    logits = torch.zeros(3, 2, 2)
    logits[2, 1, 0] = torch.nan
    assert "at expert 2, row 1, class 0" in describe_non_finite(logits)
