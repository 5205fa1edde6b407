"""Every interleaving of the real code, driven by hand over SQLite in memory."""
