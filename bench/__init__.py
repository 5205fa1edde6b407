"""How fast the bot is, each figure against what it could be: ``python -m bench``."""
