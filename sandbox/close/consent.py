"""The consent page of the sandbox Close: self-contained HTML, works without JavaScript."""

import html
from collections.abc import Sequence

from sandbox.people import TEAM_NAME, SandboxPerson

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6579; --paper: #fff; --line: #d8dee9;
  --back: #eef2f8; --strong: #1b5ff0; --on-strong: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf4; --soft: #a0abc0; --paper: #1a202c;
  --line: #394256; --back: #10141c; --strong: #7aa5ff; --on-strong: #0b1220; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(26rem, 100%); background: var(--paper); border: 1px solid var(--line);
  border-radius: 14px; padding: 1.75rem; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
p { margin: 0 0 1rem; color: var(--soft); }
fieldset { border: 0; margin: 0 0 1.25rem; padding: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .5rem; }
label { display: flex; gap: .75rem; align-items: center; padding: .6rem .75rem; cursor: pointer;
  border: 1px solid var(--line); border-radius: 10px; margin-bottom: .5rem; }
label:has(:checked) { border-color: var(--strong); outline: 1px solid var(--strong); }
small { display: block; color: var(--soft); }
.row { display: flex; gap: .75rem; }
button { flex: 1; font: inherit; font-weight: 600; padding: .6rem; border-radius: 10px;
  border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer; }
button.strong { background: var(--strong); border-color: var(--strong); color: var(--on-strong); }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
"""


def consent_page(people: Sequence[SandboxPerson], hint: str | None) -> str:
    """Return the page where somebody says who they are and allows or denies.

    ``hint`` is a handle or address that is chosen beforehand.
    """
    chosen = next((each for each in people if hint in (each.handle, each.email)), None)
    choices = "".join(_choice(each, checked=each is (chosen or people[0])) for each in people)
    return _page(
        "Allow Send-As to use Close?",
        f"""<p>Send-As will act as you in <b>{html.escape(TEAM_NAME)}</b>:
everything you may do in Close, also while you are away.</p>
<form method="post"><fieldset><legend>Who are you?</legend>{choices}</fieldset>
<div class="row"><button name="do" value="deny">Deny</button>
<button class="strong" name="do" value="allow">Allow</button></div></form>""",
    )


def wrong_page(problem: str) -> str:
    """Return the page for a link that cannot be right."""
    return _page("This link does not work", f"<p>Close says: {html.escape(problem)}</p>")


def _choice(person: SandboxPerson, *, checked: bool) -> str:
    mark = " checked" if checked else ""
    return (
        f'<label><input type="radio" name="person" value="{person.close_user_id}"{mark}>'
        f"<span>{html.escape(person.name)}<small>{html.escape(person.email)}</small></span></label>"
    )


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{content}</main></body></html>"
    )
