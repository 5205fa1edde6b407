"""Rights that the bot did not make, as they are told apart."""
