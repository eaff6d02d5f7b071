"""What test predictions are worth: average precision; precision, recall and F1 of labels. NumPy alone."""

from ltmlc.metrics.labels import LABEL_METRICS, above, label_metrics, top
from ltmlc.metrics.ranking import average_precision, group_means, groups_of

__all__ = ["LABEL_METRICS", "above", "average_precision", "group_means", "groups_of", "label_metrics", "top"]
