"""Close at the edge, against prepared answers."""
