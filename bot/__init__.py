"""The bot: Slack in, Close out, and a clock that keeps its promises."""

__version__ = "0.2.0"
