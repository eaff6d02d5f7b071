"""The elements of the losses built on binary cross-entropy."""

import pytest
import torch

from ltmlc.losses.bce_terms import sigmoid, softplus

VALUES = torch.tensor([-1000.0, -40.1, -20.1, 0.0, 19.9, 20.1, 39.9, 40.1, 1000.0], dtype=torch.float64)


def test_softplus_keeps_its_digits_around_the_threshold_of_torch():
    expected = torch.logaddexp(VALUES, torch.zeros(()))
    torch.testing.assert_close(softplus(VALUES), expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_gradient_of_sigmoid_keeps_its_digits_in_both_tails(sign):
    values = (sign * torch.tensor([30.0, 36.0], dtype=torch.float64)).requires_grad_()
    sigmoid(values).sum().backward()
    torch.testing.assert_close(values.grad, torch.exp(-values.detach().abs()), rtol=1e-12, atol=0)
