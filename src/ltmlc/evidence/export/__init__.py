"""All runs as tidy tables and as one RO-Crate."""
