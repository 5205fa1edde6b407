"""Delegations: what people do with one, and what the clock does with it (``steps``)."""
