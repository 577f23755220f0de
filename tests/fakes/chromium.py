"""A real browser, whose own defences are lowered so that ours are what is tried."""

import contextlib
import shutil

ATTACKER = "attacker.example"
EVIL = "evil.example"
PLACES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The names are rebound: what the attacker's DNS server would do in its second answer.
    f"--host-resolver-rules=MAP {ATTACKER} 127.0.0.1,MAP {EVIL} 127.0.0.1,"
    "MAP * ~NOTFOUND,EXCLUDE 127.0.0.1,EXCLUDE localhost",
    # Newer browsers ask before a public page reaches this machine; older ones don't, and people say yes.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,"
    "PrivateNetworkAccessSendPreflights,PrivateNetworkAccessRespectPreflightResults,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable",
]


def missing():
    """Return why no browser can be driven here, empty where one can."""
    try:
        import playwright.sync_api  # noqa: F401 -- whether it is there
    except ImportError:
        return "playwright is not installed"
    return "" if _executable() else f"no browser: none of {', '.join(PLACES)} is on the PATH"


@contextlib.contextmanager
def chromium():
    """Give a browser, as playwright drives it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def _executable():
    return next(filter(None, map(shutil.which, PLACES)), None)
