"""Slack in: each listener parses, calls one use case, and answers."""
