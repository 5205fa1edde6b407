"""What the tests of single parts have in common."""

from collections.abc import AsyncIterator

import pytest

from sandbox.slack import SandboxSlack


@pytest.fixture
async def slack() -> AsyncIterator[SandboxSlack]:
    """A sandbox Slack with nobody behind it."""
    sandbox = SandboxSlack()
    async with sandbox.serving():
        yield sandbox
    await sandbox.close()
