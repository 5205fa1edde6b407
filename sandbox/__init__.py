"""A local Slack and a local Close, as strict as the real ones, and people who use them."""
