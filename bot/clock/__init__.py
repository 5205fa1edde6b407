"""What is due: the worker that does it, what wakes it, and how long to wait."""
