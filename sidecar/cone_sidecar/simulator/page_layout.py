"""The simulator's pages: small, without script, and refusing what other sites send."""

from html import escape
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem;
       color: #1b1f24; background: #f6f7f9 }
main { background: #fff; border: 1px solid #d8dce2; border-radius: 10px; padding: 1.5rem 2rem 2rem }
h1 { font-size: 1.25rem; margin-top: 0 } code { font-size: 1.35rem; letter-spacing: .08em }
label { display: block; margin: 1rem 0 .25rem } input, select { font: inherit; padding: .45rem .6rem;
       border: 1px solid #aab2bd; border-radius: 6px; width: 100%; box-sizing: border-box }
button { font: inherit; padding: .5rem 1.2rem; margin: 1.25rem .5rem 0 0; border-radius: 6px;
       border: 1px solid #0b5cad; background: #0b5cad; color: #fff; cursor: pointer }
button[value=deny] { background: #fff; color: #a3242b; border-color: #a3242b }
p.note { color: #57606a; font-size: .875rem } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .25rem .5rem .25rem 0; vertical-align: top }
@media (prefers-color-scheme: dark) { body { color: #e6e9ee; background: #12151a }
       main { background: #1b2027; border-color: #39414c }
       input, select { background: #12151a; color: inherit }
       p.note { color: #9aa4b2 } button[value=deny] { background: transparent; color: #ff8a8f } }
"""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """Return a page; ``title`` is escaped, ``body`` is markup."""
    return HTMLResponse(
        "<!doctype html>\n"
        f'<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style>\n<main><h1>{escape(title)}</h1>\n{body}\n"
        '<p class="note">This is a simulator: nothing here is real.</p></main></html>\n',
        status_code=status,
        headers=HEADERS,
    )


def paragraph(text: str) -> str:
    """Return ``text`` as a paragraph."""
    return f"<p>{escape(text)}</p>"


def hidden(name: str, value: str) -> str:
    """Return a hidden field."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def user_choice(emails: list[str]) -> str:
    """Return the field that chooses who signs in."""
    options = "".join(f"<option>{escape(email)}</option>" for email in emails)
    return (
        f'<label for="email">Sign in as</label><select id="email" name="email">{options}</select>'
    )


DECISION = (
    '<button name="decision" value="confirm">Allow</button>'
    '<button name="decision" value="deny">Deny</button>'
)


def is_cross_site(request: Request) -> bool:
    """Tell whether another site's page sent this form."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc != request.headers.get("host")
