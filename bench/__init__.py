"""How fast the bot answers, and how fast it takes rights back: ``python -m bench``."""
