"""Imported by Python itself at the start of a process that has this folder on its path: the root
logger, and all that inherit from it, say everything."""

import logging
from typing import Any

_quiet: Any = logging.basicConfig


def _loud(**options: Any) -> None:
    _quiet(**{**options, "level": logging.DEBUG})


logging.basicConfig = _loud
