"""Rates and open choices, decided on held-out images."""
