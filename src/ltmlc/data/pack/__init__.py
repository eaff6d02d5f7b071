"""Every image decoded once, in one file."""
