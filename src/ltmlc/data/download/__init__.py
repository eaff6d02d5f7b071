"""Getting photographs, annotations, weights and word vectors: what is there is used, the rest is downloaded."""

from ltmlc.data.download.dataset import download_dataset

__all__ = ["download_dataset"]
