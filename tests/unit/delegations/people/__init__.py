"""The use cases, as far as nothing is stored."""
