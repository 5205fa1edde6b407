"""One process: its settings, what it opens, what works in it, and how it starts and stops."""
