"""Who may still take part: asked of Slack and of Close, and what follows when somebody may not."""
