"""The HTTP side, without a network."""
