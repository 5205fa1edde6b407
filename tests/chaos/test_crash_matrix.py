"""One whole life, killed at calls to Close and Slack: each kind of call is there once."""

import asyncio

import pytest

from tests.chaos.matrix import Matrix, Point, open_matrix
from tests.chaos.stage import Ground, ground

API, SLACK = "/api/v1", "/api"
# The whole matrix, on both databases, is behind ``python -m tests.chaos --matrix``.
SLICES = {
    "sqlite": (
        Point(f"POST {API}/send_as/", 0, is_before=False),
        Point(f"DELETE {API}/send_as/*/", 0, is_before=True),
        Point(f"POST {SLACK}/chat.postMessage", 4, is_before=False),
        Point(f"POST {SLACK}/users.info", 0, is_before=True),
        Point(f"POST {SLACK}/views.open", 0, is_before=False),
        Point(f"GET {API}/activity/email/", 0, is_before=False),
    ),
    "postgresql": (
        Point(f"POST {API}/send_as/", 0, is_before=True),
        Point(f"DELETE {API}/send_as/*/", 0, is_before=False),
        Point(f"GET {API}/send_as/", 1, is_before=False),
        Point(f"GET {API}/connected_account/", 0, is_before=True),
        Point(f"POST {SLACK}/chat.update", 1, is_before=False),
        Point(f"POST {SLACK}/chat.delete", 0, is_before=False),
        Point(f"POST {SLACK}/chat.postMessage", 1, is_before=True),
    ),
}


@pytest.mark.parametrize("kind", SLICES)
def test_killed_at_each_kind_of_call(kind: str) -> None:
    """Killed there and started again, the life ends right: promised and kept, made once at Close
    and gone again, told once to everybody."""
    with ground(kind) as under:
        asyncio.run(_each(under, SLICES[kind]))


async def _each(under: Ground, points: tuple[Point, ...]) -> None:
    async with open_matrix(under) as matrix:
        for point in points:
            await _one(matrix, point)


async def _one(matrix: Matrix, point: Point) -> None:
    is_reached, wrong = await matrix.play(point)
    assert is_reached, f"no life makes the call: {point}"
    assert not wrong, f"{point}: {wrong}"
