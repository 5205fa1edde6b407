"""docs/ as a site."""
