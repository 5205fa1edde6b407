"""Close at the edge: its REST API, its OAuth, its limits, and all its ways of saying no."""
