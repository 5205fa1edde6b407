"""Every surface that people see, as JSON: written by ``python -m tests.surfaces``."""
