"""Why what was typed as a time is none, or not one time: a sentence for each way."""

from bot.cards.markup import quoted
from bot.times.span import (
    Ambiguous,
    DurationError,
    Impossible,
    InThePast,
    LeftOver,
    NoEnd,
    NotEnglish,
    NotPositive,
    TimeLast,
    TooLarge,
)

_COUNT = {2: "two", 3: "three", 4: "four"}


_SENTENCES: dict[type[DurationError], str] = {
    NotPositive: "{shown} is not longer than nothing.",
    TooLarge: "{shown} is longer than a calendar can hold.",
    TimeLast: "I read {shown} as the time. Please put the time first, and the reason after it.",
    NotEnglish: "I read English times only, so I cannot tell what {shown} means.",
    NoEnd: "I understood when it starts ({shown}), but not for how long.",
}


def problem(error: DurationError) -> str:
    """What is wrong with it."""
    shown = f"“{quoted(error.text)}”"
    match error:
        case Ambiguous():
            readings = [each.words for each in error.readings]
            return f"{meanings(error.text, readings)} Please say which."
        case InThePast():
            return f"I read {shown} as {error.words}, and that has already passed."
        case LeftOver():
            return (
                f"I read “{quoted(error.understood)}” as the time, but I am not sure what "
                f"“{quoted(error.added)}” after it means. If it belongs to the reason, put a dash "
                "between the two, as in `2h - friday demo`."
            )
        case Impossible():
            return f"I read {shown}, but {quoted(error.why)}."
        case _:
            sentence = _SENTENCES.get(type(error), "I do not understand {shown} as a time.")
            return sentence.format(shown=shown)


def needs_an_example(error: DurationError) -> bool:
    """Whether it was not understood, so that an example helps."""
    return not isinstance(error, Ambiguous | InThePast | TooLarge | Impossible)


def meanings(text: str, readings: list[str]) -> str:
    """All that a time can mean."""
    count = _COUNT.get(len(readings), str(len(readings)))
    said = f"{', '.join(readings[:-1])}, or {readings[-1]}"
    return f"“{quoted(text)}” can mean {count} things: {said}."
