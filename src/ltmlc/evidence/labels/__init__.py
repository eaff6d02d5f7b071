"""Which labels are predicted: precision, recall and F1 of the runs of the tables, from their predictions."""
