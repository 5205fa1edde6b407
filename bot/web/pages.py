"""The few pages that a browser sees: small, self-contained, and never cached."""

from html import escape

from starlette.responses import HTMLResponse

from bot.cards import foreign
from bot.cards.foreign import address, plain

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action {targets}"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif;
  --green: #1f6f5c; --red: #b3362b; }}
@media (prefers-color-scheme: dark) {{ :root {{ --green: #5cc2a6; --red: #f08a7f; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: Canvas; color: CanvasText; }}
main {{ box-sizing: border-box; width: min(30rem, 100%); padding: 1.5rem;
  overflow-wrap: anywhere; }}
.brand {{ display: flex; align-items: center; gap: .6rem; margin: 0 0 1.5rem; font-weight: 650; }}
.brand svg {{ width: 2rem; height: 2rem; }}
h1 {{ font-size: 1.4rem; line-height: 1.3; margin: 0 0 .5rem; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; }}
a {{ color: var(--green); }}
a.button, button {{ font: inherit; font-weight: 600; display: inline-block; padding: .5rem 1rem;
  border-radius: .5rem; border: 1px solid; background: none; color: inherit; cursor: pointer;
  text-decoration: none; margin: 0 .25rem .5rem 0; }}
input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin: .25rem 0 1rem;
  border: 1px solid; border-radius: .5rem; }}
:focus-visible {{ outline: 3px solid var(--green); outline-offset: 2px; }}
[aria-invalid] {{ border-color: var(--red); }}
[role=alert] {{ border-left: .25rem solid var(--red); padding-left: .75rem; font-weight: 600; }}
.back {{ margin: 2rem 0 0; }}
</style>
</head>
<body><main>
<p class="brand"><svg viewBox="0 0 32 32" aria-hidden="true" fill="none" stroke-linejoin="round">
<rect width="32" height="32" rx="9" fill="#1f6f5c"/>
<path d="M7.5 11.5h17v11h-17zm0 .5 8.5 6 8.5-6" stroke="#fff" stroke-width="2"/>
<circle cx="24" cy="9.5" r="4.5" fill="#f3b54a" stroke="#1f6f5c" stroke-width="2"/>
</svg>Send-As</p>
<h1>{title}</h1>{content}
<p class="back"><a href="/close/slack">Back to Slack</a></p>
</main></body>
</html>
"""

# The field of what was refused: the keyboard is there, and its problem is read with it.
_AGAIN = ' autofocus aria-invalid="true" aria-describedby="problem"'


def front() -> HTMLResponse:
    """Said to whoever opens the bare address, such as somebody who wants to see whether it leads
    here."""
    return _page(
        "Send-As is running",
        "With this bot people send email as a colleague in Close, for as long as that colleague "
        "allows. It is used in Slack: type /sendas help there.",
    )


def connected(email: str) -> HTMLResponse:
    """Said once the connection is stored."""
    return _page(
        "Close is connected",
        f"The bot can now do what you approve in Slack, as {address(email)}. You can close "
        "this window.",
    )


def confirmed(what: str) -> HTMLResponse:
    """Said once what somebody wanted in Slack has taken effect."""
    return _page(
        "You have confirmed it",
        f"{what}. Slack shows how it goes on, and you can take it back there at any time. You can "
        "close this window.",
    )


def needs_admin(email: str) -> HTMLResponse:
    """Said when the account waits for an admin's word."""
    return _page(
        "One more step: an admin confirms it",
        f"You are {address(email)} in Close. Your address in Slack is another, or somebody else in "
        "Slack is known by this account: an admin of the bot has been asked there whether it is "
        "yours, and you will hear from the bot. You can close this window.",
    )


def for_whom(
    name: str,
    email: str | None,
    *,
    link: str,
    token: str,
    leads_to: str,
    is_again: bool,
    confirms: str = "",
) -> HTMLResponse:
    """Asks whether the reader is the one in Slack whom the link is for; stores nothing.
    ``confirms`` is what they confirm by going on, in words.

    ``leads_to`` is the origin that Continue ends at: browsers hold a form's redirects, and those
    of a login on the way, against the policy.
    """
    person = f"<strong>{escape(foreign.name(name))}</strong>"
    whose = f" ({escape(address(email))})" if email else ""
    alert = (
        '<p role="alert">This page was too old, or your browser keeps no cookies for it. Please '
        "choose once more.</p>"
    )
    what = (
        f"The Close account that you connect next is the one that the bot uses for what {person} "
        "approves."
    )
    if confirms:
        what = (
            "With your Close account you confirm this: "
            f"<strong>{escape(plain(confirms))}</strong>. If you did not want that in Slack just "
            "now, somebody else may be using your Slack account: close this page, and tell whoever "
            "runs the bot."
        )
    title = "Confirm in Close" if confirms else "Connect Close"
    content = (
        f"{alert if is_again else ''}<p>This link is for {person}{whose} in Slack. {what}</p>"
        '<form method="post" action="/close/connect">'
        f'<input type="hidden" name="for" value="{escape(link)}">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        '<button name="do" value="continue">Continue</button> '
        '<button name="do" value="leave">This is not me</button></form>'
    )
    status = 400 if is_again else 200
    targets = f"'self' https: {leads_to}".strip()
    return _html(f"{title} for {foreign.name(name)}", content, status=status, targets=targets)


def not_me(name: str) -> HTMLResponse:
    """Said to whoever opened somebody else's link."""
    return _page(
        "Nothing was connected",
        f"This link is for {foreign.name(name)} in Slack. Please tell them, or whoever sent it to "
        "you, that it reached you. To connect your own Close account, type /sendas connect in "
        "Slack.",
    )


def choice(authorize_url: str | None, state: str, *, problem: str = "") -> HTMLResponse:
    """Close's consent page, or an API key. The key is typed here and never into Slack."""
    parts = []
    if problem:
        parts.append(f'<p role="alert" id="problem">{escape(problem)}</p>')
    if authorize_url is not None:
        parts.append(
            "<p>Allow it in Close; you are brought back here automatically.</p>"
            f'<p><a class="button" href="{escape(authorize_url)}">Continue to Close</a></p>'
            "<h2>Or use an API key</h2>"
        )
    parts.append(
        "<p>Make one in Close under Settings, Developer, API Keys, and paste it here. The bot "
        "keeps it encrypted and acts with it only for what you approve in Slack.</p>"
        '<form method="post" action="/close/connect">'
        f'<input type="hidden" name="state" value="{escape(state)}">'
        '<label for="key">Your Close API key</label>'
        '<input id="key" name="key" type="password" autocomplete="off" spellcheck="false" '
        'maxlength="200" placeholder="api_…" required'
        f"{_AGAIN if problem else ''}>"
        "<button>Connect</button></form>"
    )
    return _html("Connect Close", "".join(parts))


def problem(title: str, text: str, *, status: int = 200) -> HTMLResponse:
    """What went wrong, and the way on."""
    return _page(title, text, status=status)


def _page(title: str, text: str, *, status: int = 200) -> HTMLResponse:
    return _html(title, f"<p>{escape(plain(text))}</p>", status=status)


def _html(title: str, content: str, *, status: int = 200, targets: str = "'self'") -> HTMLResponse:
    page = _PAGE.format(title=escape(title), content=content)
    policy = {"Content-Security-Policy": _POLICY.format(targets=targets)}
    return HTMLResponse(page, status_code=status, headers=policy)
