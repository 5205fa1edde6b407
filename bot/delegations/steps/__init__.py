"""The clock's side of a delegation: one step for each state; advance.py chooses."""
