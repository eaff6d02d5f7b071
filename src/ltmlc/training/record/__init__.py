"""What a training writes down: checkpoints while it runs, a sign of life, its results, and by what they were made."""
