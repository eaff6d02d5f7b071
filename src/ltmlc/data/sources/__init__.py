"""Where images and labels come from: the protocol, and one file a kind."""
