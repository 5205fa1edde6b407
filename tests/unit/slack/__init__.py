"""Slack at the edge, without Slack."""
