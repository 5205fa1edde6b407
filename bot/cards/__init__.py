"""What people read: rows in, Slack's block models out. Nothing here asks or changes anything."""
