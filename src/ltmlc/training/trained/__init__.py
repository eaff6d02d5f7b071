"""A network after its training: loaded, exported, given probabilities and thresholds."""
