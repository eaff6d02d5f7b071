"""The primitive under the pairwise losses."""

import pytest
import torch

from ltmlc.losses.lse import log_one_plus_exp, masked_logsumexp, pair_logsumexp

MASK = torch.tensor([[1, 0, 0], [0, 0, 1], [1, 0, 1], [1, 0, 0]]).bool()  # column 1 is empty, so is no row


def random_values(dtype=torch.float64):
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=dtype)


@pytest.mark.parametrize("scale", [1.0, -1.0, 7.0, -0.5])
@pytest.mark.parametrize("dim", [0, 1])
def test_equals_the_logarithm_of_the_sum(dim, scale):
    values = random_values()
    expected = ((scale * values).exp() * MASK).sum(dim).log()
    torch.testing.assert_close(masked_logsumexp(values, MASK, dim, scale), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, -7.0])
@pytest.mark.parametrize("dim", [0, 1])
def test_gradcheck(dim, scale):
    values = random_values().requires_grad_()

    def weighted(values):
        return torch.nan_to_num(masked_logsumexp(values, MASK, dim, scale), neginf=0) ** 2

    assert torch.autograd.gradcheck(weighted, values) and torch.autograd.gradgradcheck(weighted, values)


@pytest.mark.parametrize("scale", [1.0, -1.0])
def test_an_empty_set_is_minus_infinity_with_zero_gradient(scale):
    values = random_values(torch.float32).requires_grad_()
    result = masked_logsumexp(values, MASK, 0, scale)
    assert result[1] == -torch.inf
    result.sum().backward()
    assert torch.equal(values.grad[:, 1], torch.zeros(4))
    assert values.grad.isfinite().all()


def test_excluded_entries_have_no_influence_however_large():
    values = torch.tensor([[1.0], [3e38], [-3e38]], requires_grad=True)
    result = masked_logsumexp(values, torch.tensor([[True], [False], [False]]), 0, 10.0)
    result.sum().backward()
    assert result.item() == 10.0
    assert values.grad.flatten().tolist() == [10.0, 0.0, 0.0]


def test_the_values_are_not_changed():
    values = random_values()
    before = values.clone()
    masked_logsumexp(values, MASK, 0, 5.0)
    assert torch.equal(values, before)


def test_pairs_are_counted_once_each():
    logits = torch.zeros(5, 1)
    positives = torch.tensor([[1], [1], [0], [0], [0]]).bool()
    assert pair_logsumexp(logits, positives, 3.0, 0).exp().item() == pytest.approx(2 * 3)


def test_log_one_plus_exp_takes_minus_infinity_and_large_exponents():
    exponents = torch.tensor([-torch.inf, 0.0, 1e4])
    assert log_one_plus_exp(exponents, exponents).tolist() == pytest.approx([0.0, 1.0986123, 1e4 + 0.6931472])
