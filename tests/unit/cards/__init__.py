"""What people read, rendered without Slack."""
