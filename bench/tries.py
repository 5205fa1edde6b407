"""What fails is one line without a figure; all others are measured all the same."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence

from bench.lines import Line, Result

LONGEST = 420.0  # seconds for what is measured together


async def tried(
    expected: Sequence[tuple[Line, str]],
    results: AsyncIterator[Result],
    *,
    seconds: float = LONGEST,
) -> AsyncIterator[Result]:
    """The results; where something fails or takes too long, those that were expected and are
    missing, each with the reason in place of a figure."""
    missing = dict.fromkeys((line.name, of) for line, of in expected)
    deadline = asyncio.get_running_loop().time() + seconds
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                result = await anext(results, None)
            if result is None:
                return
            missing.pop((result.line.name, result.of), None)
            yield result
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        traceback.print_exception(error)
        for line, of in expected:
            if (line.name, of) in missing:
                yield unmeasured(line, of, error)


def unmeasured(line: Line, of: str, error: Exception) -> Result:
    """Why there is no figure, in a line."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    said = str(error).partition("\n")[0][:80]
    return Result(line, of, (), f"{type(error).__name__}: {said}" if said else type(error).__name__)
