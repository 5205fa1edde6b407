"""How the sandbox Close says no, in the body shapes of close.md §5."""

from typing import Any


class RefusalError(Exception):
    """An answer that is not a success; raised anywhere below an endpoint."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def plain(status: int, text: str) -> RefusalError:
    """Return the generic form."""
    return RefusalError(status, {"error": text})


def invalid(field: str, text: str) -> RefusalError:
    """Return the validation form about one field."""
    return RefusalError(400, {"errors": [], "field-errors": {field: text}})


def coded(status: int, text: str) -> RefusalError:
    """Return the form that belongs to ``status``: validation for 400, else the generic one."""
    if status == 400:
        return RefusalError(400, {"errors": [text], "field-errors": {}})
    return plain(status, text)
