"""The steps of the worker, as far as nothing is stored or called."""
