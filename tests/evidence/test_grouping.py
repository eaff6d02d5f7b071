from ltmlc.evidence.grouping import grouped


def test_equal_keys_come_together_wherever_they_stand_and_order_is_kept():
    found = grouped(["b1", "a1", "b2", "c1", "a2"], lambda item: item[0])
    assert list(found.items()) == [("b", ["b1", "b2"]), ("a", ["a1", "a2"]), ("c", ["c1"])]
