"""The few pages that a browser sees: small, self-contained, and never cached."""

from html import escape

from starlette.responses import HTMLResponse

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; }}
main {{ max-width: 26rem; padding: 2rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .5rem; }}
</style>
</head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""


def connected(email: str) -> HTMLResponse:
    """Said once the connection is stored."""
    return _page(
        "Close is connected",
        f"The bot can now do what you approve in Slack, as {email}. You can close this window.",
    )


def problem(title: str, text: str, *, status: int = 200) -> HTMLResponse:
    """What went wrong, and the way on."""
    return _page(title, text, status=status)


def _page(title: str, text: str, *, status: int = 200) -> HTMLResponse:
    content = _PAGE.format(title=escape(title), text=escape(text))
    return HTMLResponse(content, status_code=status, headers=_HEADERS)
