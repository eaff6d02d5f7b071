"""What is to be run: configuration, grid of runs, what a run is. No torch, no pandas."""
