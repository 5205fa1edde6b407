"""One module at a time, without a database or a network."""
