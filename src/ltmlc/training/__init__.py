"""One run in, one metrics file out."""
