"""Mutants: the modules that decide are broken in every small way, and a test has to notice."""
