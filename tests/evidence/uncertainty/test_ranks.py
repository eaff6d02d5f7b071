import math

from ltmlc.evidence.uncertainty.ranks import kendall


def test_rank_agreement_is_one_for_equal_orders_and_minus_one_for_reversed_ones():
    assert kendall([1, 2, 3, 4], [10, 20, 30, 40])[0] == 1
    assert kendall([1, 2, 3, 4], [4, 3, 2, 1])[0] == -1
    assert math.isnan(kendall([1, 2], [1, 2])[0])
    assert math.isnan(kendall([1, 1, 1], [1, 2, 3])[0])
