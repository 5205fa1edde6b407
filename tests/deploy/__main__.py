"""``make deploy``: all steps of the image in a clean folder, packages included; then its life."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.deploy.dockerfile import ROOT, Build, read
from tests.deploy.image import Image


async def _lived(image: Image) -> int:
    """Started, asked how it is, stopped; the status with which it ended."""
    async with image.running() as running:
        assert await running.check() == 0
        print("It is healthy, by its own check.")
        return await running.stop(signal.SIGTERM)


def main() -> int:
    """Prints what it does and how long that took; 1 when the result does not end well."""
    os.environ.setdefault("PIP_QUIET", "2")  # it has a line for each package, and each place
    stages = read((ROOT / "Dockerfile").read_text())
    with tempfile.TemporaryDirectory(prefix="send-as-image-") as folder:
        began = time.monotonic()
        root = Build(stages, Path(folder), sys.executable).carry_out(installs=True)
        print(f"Built in {time.monotonic() - began:.0f} s, with packages from the lock file.")
        image = Image(root, stages, str(root / "venv/bin/python"))
        tools = ("cc", "gcc", "c++", "make", "pip", "pip3", "uv")
        found = [each.name for each in (root / "venv/bin").iterdir() if each.name in tools]
        size = sum(each.stat().st_size for each in root.rglob("*") if each.is_file())
        print(f"The result adds {size / 1e6:.0f} MB to its base. Compilers, installers: {found}.")
        status = asyncio.run(_lived(image))
        print(f"Told to stop, it ended with {status}.")
        return 1 if status or found or not image.is_untouched() else 0


if __name__ == "__main__":
    sys.exit(main())
