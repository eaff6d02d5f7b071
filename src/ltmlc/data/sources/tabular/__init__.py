"""Reading a CSV: its columns, its rows, and the labels in them, one file a question."""
