"""The sandbox Slack."""
