"""Made-up input for everything that comes in from outside, by the hundred thousand."""
