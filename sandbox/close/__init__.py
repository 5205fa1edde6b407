"""The local Close: its REST API and OAuth, with a memory that one can see and disturb."""

from sandbox.close.close import CLIENT_ID, CLIENT_SECRET, SandboxClose

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "SandboxClose"]
