"""Rights that Close holds and the bot did not make: found, asked about, settled."""
