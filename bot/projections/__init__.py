"""What people see in Slack follows the rows: cards, audit lines, notices, strays, App Homes."""
