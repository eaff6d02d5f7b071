"""YAML files read: bounded, checked against their schemas, extended by those they name."""
