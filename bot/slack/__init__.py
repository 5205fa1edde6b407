"""Slack at the edge: who people are, messages out, signed requests in."""
