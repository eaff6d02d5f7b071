"""Augmented batches: what is drawn, and what is made of it."""
