"""Images and labels: who is in which set, how they are drawn and brought to the network."""
