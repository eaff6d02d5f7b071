"""What test predictions are worth: average precision; precision, recall and F1 of labels; calibration. NumPy alone."""

from ltmlc.metrics.calibration import Reliability, reliability
from ltmlc.metrics.labels import LABEL_METRICS, above, label_metrics, top
from ltmlc.metrics.ranking import average_precision, group_means, groups_of, precision_at_recall

__all__ = [
    "LABEL_METRICS",
    "Reliability",
    "above",
    "average_precision",
    "group_means",
    "groups_of",
    "label_metrics",
    "precision_at_recall",
    "reliability",
    "top",
]
