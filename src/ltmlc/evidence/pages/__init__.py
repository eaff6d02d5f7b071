"""Pages of the documentation that are made from metrics files."""
