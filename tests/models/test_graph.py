import numpy as np
import pytest
import torch

from ltmlc.models import label_graph
from ltmlc.models.heads import GraphClassifier, graph_head

COUNTS = [10, 5, 4]
PAIRS = [[10, 4, 1], [4, 5, 2], [1, 2, 4]]  # the diagonal is ignored


def test_the_adjacency_is_that_of_a_hand_computed_graph():
    # P = [[0, .4, .1], [.8, 0, .4], [.25, .5, 0]]; edges at 0.4: 0-1, 1-0, 1-2, 2-1
    a = np.array([[1, 0.125, 0], [0.25, 1, 0.25], [0, 0.125, 1]])
    d = np.diag(a.sum(1) ** -0.5)
    expected = d @ a.T @ d
    result = label_graph(COUNTS, PAIRS)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), expected, rtol=2e-6)


def test_the_literal_formula_agrees_on_random_labels():
    labels = (np.random.default_rng(0).random((200, 12)) < 0.4).astype(np.int64)
    counts, pairs = labels.sum(0), labels.T @ labels
    adjacency = pairs / counts[:, None]
    np.fill_diagonal(adjacency, 0)
    adjacency[adjacency < 0.4] = 0
    adjacency[adjacency >= 0.4] = 1
    adjacency = adjacency * 0.25 / (adjacency.sum(0, keepdims=True) + 1e-6) + np.eye(12)
    scale = np.diag(adjacency.sum(1) ** -0.5)
    np.testing.assert_allclose(label_graph(counts, pairs).numpy(), (adjacency @ scale).T @ scale, rtol=2e-6)


def test_tensors_and_lists_are_accepted_and_not_changed():
    pairs = torch.tensor(PAIRS)
    assert torch.equal(label_graph(torch.tensor(COUNTS), pairs), label_graph(COUNTS, PAIRS))
    assert pairs.tolist() == PAIRS


def test_a_class_without_images_is_joined_to_nothing():
    result = label_graph([10, 0, 4], [[0, 0, 3], [0, 0, 0], [3, 0, 0]])
    assert result.isfinite().all()
    assert result[1].tolist() == [0, 1, 0]
    assert result[:, 1].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("counts", "pairs", "message"),
    [
        ([1, 2], [[0]], r"counts must be \(C,\) and cooccurrence \(C, C\)"),
        ([1, -2], [[0, 0], [0, 0]], "0 or more"),
        ([1, 2], [[0, 2], [2, 0]], r"cooccurrence\[0, 1\] is larger"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts, pairs, message):
    with pytest.raises(ValueError, match=message):
        label_graph(counts, pairs)


def test_the_head_is_two_graph_convolutions_on_max_pooled_features():
    vectors, adjacency = torch.randn(3, 5), label_graph(COUNTS, PAIRS)
    head = graph_head(vectors, adjacency, 6, 7)
    maps = torch.randn(2, 6, 4, 4)
    w1, w2 = head.classifier.weight1, head.classifier.weight2
    hidden = adjacency @ vectors @ w1
    hidden = torch.where(hidden > 0, hidden, 0.2 * hidden)
    expected = maps.flatten(2).max(2).values @ (adjacency @ hidden @ w2).T
    torch.testing.assert_close(head(maps), expected, atol=1e-5, rtol=1e-4)


def test_only_the_two_weights_are_trained_and_start_in_their_interval():
    head = GraphClassifier(torch.randn(3, 300), label_graph(COUNTS, PAIRS), 256, 100)
    assert [name for name, _ in head.named_parameters()] == ["weight1", "weight2"]
    for weight in head.parameters():
        bound = weight.shape[1] ** -0.5
        assert 0.98 * bound < weight.abs().max() <= bound
