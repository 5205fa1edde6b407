"""Whether everything is in place: each thing asked of whoever knows, with what to do about it."""
