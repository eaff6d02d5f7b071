"""Metrics files in; tables, verdicts and pages out."""
