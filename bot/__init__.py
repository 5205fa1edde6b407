"""The bot: Slack in, Close out, and a clock that keeps its promises."""
