"""The present moment, and the sandbox's pushed clock."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock.present import pushed_clock, utc_now

CLOSE_ENOUGH = timedelta(seconds=5)


def test_the_file_pushes_the_clock(tmp_path: Path) -> None:
    """A number in the file is that many seconds ahead."""
    path = tmp_path / "clock"
    path.write_text("3600")
    assert abs(pushed_clock(path)() - utc_now() - timedelta(hours=1)) < CLOSE_ENOUGH


@pytest.mark.parametrize(
    "written", ["", "soon", "nan", "inf", "-inf", "1e12", "-1e12", "1e400", None]
)
def test_what_is_no_time_counts_as_zero(tmp_path: Path, written: str | None) -> None:
    """Whatever stands in the file, and when there is none: the clock goes on."""
    path = tmp_path / "clock"
    if written is not None:
        path.write_text(written)
    assert abs(pushed_clock(path)() - utc_now()) < CLOSE_ENOUGH
