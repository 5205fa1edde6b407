"""The local Slack: a workspace that people see and act in, and the Web API that the bot calls."""

from sandbox.slack.slack import SandboxSlack

__all__ = ["SandboxSlack"]
