"""What each command of ``python -m bot`` does; the words for it are in ``bot/process/cli.py``."""
