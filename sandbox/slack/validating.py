"""blocks.validate of the Web API: what Slack would refuse, without posting it.

Facts: docs.slack.dev/reference/methods/blocks.validate. It takes exactly one of three.
"""

import re
from typing import Any

from sandbox.slack.blockkit import problems_of_blocks, problems_of_message, problems_of_view
from sandbox.slack.refusals import Answer, Arguments, Caller, Method, Refusal, with_messages

KINDS = ("blocks", "message", "view")
_PLACED = re.compile(r"\[ERROR\] (.*) \[json-pointer:(?:/blocks(?=/\d))?(.*)\]", re.DOTALL)


def _validate(_caller: Caller, arguments: Arguments) -> Answer:
    given = [kind for kind in KINDS if arguments.get(kind)]
    if len(given) != 1:
        problem = "[ERROR] provide exactly one of blocks, message or view"
        raise with_messages("invalid_arguments", [problem])
    kind = given[0]
    if problems := _problems(kind, arguments[kind]):
        raise Refusal(f"invalid_{kind}", errors=[_error(each) for each in problems])
    return {}


def _problems(kind: str, value: Any) -> list[str]:
    match kind:
        case "blocks":
            return problems_of_blocks(value)
        case "view":
            return problems_of_view(value)
        case _ if isinstance(value, dict):
            return problems_of_message(value.get("blocks"), value.get("text") or "blocks alone")
        case _:
            return ["[ERROR] must provide an object [json-pointer:]"]


def _error(problem: str) -> dict[str, str]:
    found = _PLACED.fullmatch(problem)
    message, pointer = found.groups() if found else (problem, "")
    return {"pointer": pointer, "code": "failed_constraint", "message": message}


METHODS: dict[str, tuple[str | None, Method]] = {"blocks.validate": (None, _validate)}
