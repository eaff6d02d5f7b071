"""Every sentence of the paper, judged."""
