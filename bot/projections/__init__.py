"""What people see in Slack follows the rows: cards, notices, App Homes."""
