"""Reading metrics files, references, costs and logs."""
