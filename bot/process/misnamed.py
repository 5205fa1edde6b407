"""Names in the environment that are almost those of settings: what they set is not read."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from bot.process.settings import BadSettings, Settings, environment

ALIKE = 0.85  # of 1; less is another word


def misnamed() -> Sequence[str]:
    """A sentence for each name of this process's environment, or of its file, that was probably
    meant for a setting."""
    try:
        return near_misses(environment())
    except BadSettings:  # of a file that cannot be read, which whoever reads the settings says
        return ()


def near_misses(names: Collection[str]) -> Sequence[str]:
    """The same of these names. A setting that is set by its own name was not meant by another."""
    settings = {name.upper() for name in Settings.model_fields}
    present = {name.upper() for name in names}
    return list(_sentences(sorted(present - settings), settings - present))


def _sentences(unknown: Iterable[str], unset: Collection[str]) -> Iterable[str]:
    for name in unknown:
        if meant := get_close_matches(name, sorted(unset), n=1, cutoff=ALIKE):
            yield f"{name} is not a setting, and is not read. Did you mean {meant[0]}?"
