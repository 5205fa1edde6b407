"""A random life on PostgreSQL, and two processes that are stepped by hand."""
