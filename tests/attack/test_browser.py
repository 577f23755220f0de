"""Web pages in a real browser: a rebound name, another origin, a plain visit; they get nothing."""

import json

import pytest

from fakes.attacked_sidecar import GOOD, UNTOUCHED
from fakes.chromium import ATTACKER, EVIL, chromium, missing
from fakes.web_page import serving_page

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"!! THE ATTACKS FROM A BROWSER DID NOT RUN: {missing()} !!"
)
PAGE = "<!doctype html><title>attack</title><body></body>"
LIMIT_MS = 20_000
# Resolves to what the page could read of an answer, or to the error that it got.
FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        const text = await answer.text();
        return {type: answer.type, status: answer.status, text};
    } catch (error) {
        return {error: String(error)};
    }
}"""
# Each resolves to true once the browser has done with it, whatever came of it.
ELEMENT = """([tag, attribute, url]) => new Promise(resolve => {
    const element = document.createElement(tag);
    if (tag === 'link') element.rel = 'stylesheet';
    element.onload = element.onerror = event => resolve(event.type);
    element[attribute] = url;
    document.body.append(element);
    setTimeout(() => resolve('nothing'), 3000);
})"""
FRAME_TEXT = """url => new Promise(resolve => {
    const frame = document.createElement('iframe');
    frame.onload = () => {
        try { resolve(frame.contentDocument.body.innerText); }
        catch (error) { resolve('closed: ' + error.name); }
    };
    frame.src = url;
    document.body.append(frame);
})"""
FORM = """([url, encoding]) => new Promise(resolve => {
    const frame = document.createElement('iframe');
    frame.name = 'target' + Math.random();
    document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, {action: url, method: 'POST', enctype: encoding, target: frame.name});
    const field = document.createElement('input');
    Object.assign(field, {name: '{"justification": "', value: '"}'});
    form.append(field);
    document.body.append(form);
    frame.onload = () => resolve(true);
    form.submit();
})"""
SOCKET = """([url, kind]) => new Promise(resolve => {
    const socket = kind === 'WebSocket' ? new WebSocket(url) : new EventSource(url);
    socket.onopen = () => resolve('open');
    socket.onmessage = event => resolve(event.data);
    socket.onerror = () => resolve('refused');
})"""
BEACON = "([url, body]) => navigator.sendBeacon(url, new Blob([body], {type: 'text/plain'}))"


@pytest.fixture(name="browser", scope="module")
def _browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(name="page")
def _page(browser):
    """Give a page of its own session."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        yield page


@pytest.fixture(name="rebound", params=["credentials", "management"])
def _rebound(request, attacked, page):
    """Give a page of the attacker's, whose name now leads to one of our listeners."""
    address = attacked.address if request.param == "credentials" else attacked.management
    origin = f"http://{ATTACKER}:{address[1]}"
    page.route("**/*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto(f"{origin}/page")
    # From here on the network answers: the browser believes that it is the same server.
    page.unroute_all()
    attacked.stage.forget_requests()
    yield request.param, origin, page
    assert attacked.stage.operations() == []
    attacked.serves()


@pytest.fixture(name="foreign")
def _foreign(attacked, page):
    """Give a page of another origin, which the browser knows as such."""
    with serving_page(PAGE) as port:
        page.goto(f"http://{EVIL}:{port}/page")
        attacked.stage.forget_requests()
        before = len(attacked.audited())
        yield page
        # It was our listener that refused, not the browser that didn't ask.
        assert len(attacked.audited()) > before
    assert attacked.stage.operations() == []
    attacked.serves()


def targets(attacked):
    """Return the URLs worth attacking."""
    host, port = attacked.management
    return [
        f"http://{attacked.host}/credentials/{GOOD}",
        f"http://{attacked.host}/credentials/{UNTOUCHED}",
        f"http://localhost:{attacked.address[1]}/credentials/{UNTOUCHED}",
        f"http://{host}:{port}/profiles/{UNTOUCHED}/request",
    ]


def told_nothing(attacked, seen):
    """Assert that what a page saw holds no secret and no profile's state."""
    text = json.dumps(seen)
    assert attacked.secrets.within(text) == []
    assert "AccessKeyId" not in text
    assert attacked.key_ids[GOOD] not in text


def test_a_rebound_name(attacked, rebound):
    """Same-origin requests by a name that isn't ours get 403, the right token given."""
    kind, origin, page = rebound
    tokens = [attacked.token, attacked.token_of(GOOD), attacked.management_secret]
    paths = {
        "credentials": [f"/credentials/{GOOD}", f"/credentials/{UNTOUCHED}", "/creds"],
        "management": ["/status", "/metrics"],
    }
    for path in paths[kind]:
        for token in tokens:
            headers = {"Authorization": token, "X-Test": "1"}
            seen = page.evaluate(FETCH, [origin + path, {"headers": headers}])
            assert seen.get("status") == 403, (path, seen)
            told_nothing(attacked, seen)
    for headers in (
        {"Host": attacked.host},
        {"User-Agent": "aws-sdk-go/1"},
        {"Sec-Fetch-Site": ""},
    ):
        seen = page.evaluate(
            FETCH,
            [origin + paths[kind][0], {"headers": headers | {"Authorization": attacked.token}}],
        )
        assert seen.get("status") == 403, seen
        told_nothing(attacked, seen)


def test_a_rebound_name_and_commands(attacked, rebound):
    """Nothing is begun by such a page: no request, no sign-in, with either secret."""
    _, origin, page = rebound
    for path in (f"/profiles/{UNTOUCHED}/request", f"/profiles/{GOOD}/forget", "/sign-in"):
        for token in (attacked.token, attacked.management_secret):
            for body in ("", '{"justification": "x"}'):
                options = {"method": "POST", "headers": {"Authorization": token}, "body": body}
                seen = page.evaluate(FETCH, [origin + path, options])
                assert seen.get("status") in {403, 405}, (path, seen)
                told_nothing(attacked, seen)


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("credentials", ["include", "omit"])
def test_fetch_from_another_origin(attacked, foreign, mode, method, credentials):
    """Neither readable nor of any effect; a preflight for the token's header fails."""
    host, port = attacked.management
    pages = [f"http://{host}:{port}{path}" for path in ("/status", "/metrics", f"/readyz/{GOOD}")]
    for url in targets(attacked) + pages:
        for headers in ({}, {"Authorization": attacked.token}):
            options = {
                "mode": mode,
                "method": method,
                "headers": headers,
                "credentials": credentials,
            }
            seen = foreign.evaluate(FETCH, [url, options])
            assert "error" in seen or (seen["type"], seen["text"]) == ("opaque", ""), (url, seen)
            told_nothing(attacked, seen)


def test_elements_from_another_origin(attacked, foreign):
    """Images, scripts, styles, media and objects of ours come to nothing."""
    for url in targets(attacked):
        for tag, attribute in (
            ("img", "src"),
            ("script", "src"),
            ("link", "href"),
            ("object", "data"),
            ("video", "src"),
        ):
            seen = foreign.evaluate(ELEMENT, [tag, attribute, url])
            assert seen != "load", (tag, url)


def test_frames_from_another_origin(attacked, foreign):
    """A frame stays closed to the page around it, and holds nothing."""
    for url in targets(attacked):
        told_nothing(attacked, foreign.evaluate(FRAME_TEXT, url))
    for frame in foreign.frames:
        told_nothing(attacked, frame.content())


@pytest.mark.parametrize(
    "encoding", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_forms_from_another_origin(attacked, foreign, encoding):
    """A form that is posted, JSON in disguise too, begins nothing."""
    for url in targets(attacked):
        foreign.evaluate(FORM, [url, encoding])
    for frame in foreign.frames:
        told_nothing(attacked, frame.content())


def test_other_ways_out_of_a_page(attacked, foreign):
    """WebSocket, EventSource and beacons: never open, never heard, without effect."""
    for url in targets(attacked):
        socket = url.replace("http:", "ws:")
        assert foreign.evaluate(SOCKET, [socket, "WebSocket"]) == "refused"
        assert foreign.evaluate(SOCKET, [url, "EventSource"]) == "refused"
        foreign.evaluate(BEACON, [url, '{"justification": "x"}'])


def test_no_answer_to_a_browser_allows_anything(attacked, foreign):
    """What went over the wire to it: refusals, without a CORS header, a cookie or a redirect."""
    answers = []
    foreign.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 -- playwright marks handlers
    for url in targets(attacked):
        foreign.evaluate(FETCH, [url, {"headers": {"Authorization": attacked.token}}])
        foreign.evaluate(FETCH, [url, {"mode": "no-cors"}])
        foreign.evaluate(ELEMENT, ["img", "src", url])
    assert len(answers) >= len(targets(attacked))
    for answer in answers:
        assert answer.status in {401, 403, 405}, answer.url
        names = set(answer.headers)
        assert not {name for name in names if name.startswith("access-control-")}
        assert not names & {"set-cookie", "location", "refresh"}


def test_a_plain_visit(attacked, page):
    """The URL typed into the browser shows a refusal; no script, no history, no reload shows more."""
    attacked.stage.forget_requests()
    for url in targets(attacked):
        answer = page.goto(url)
        assert answer.status in {403, 405}, url
        told_nothing(attacked, page.content())
        told_nothing(attacked, page.reload().text())
        page.go_back()
    assert attacked.stage.operations() == []
