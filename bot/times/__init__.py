"""Time as people say it: read from what they type, and said back. Pure."""
