"""What a plan costs, what it can decide, how far it has come."""
