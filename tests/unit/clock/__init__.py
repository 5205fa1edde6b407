"""The clock, without waiting."""
