"""The rules: pure, with the clock in the hands of the test."""
