"""The HTTP side: the way to Close and back, health and metrics."""
