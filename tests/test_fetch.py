"""One question is one honest GET: the right address and key, our own errors, and the moment of the answer."""

import ssl

import httpx
import pytest

from exporter import errors
from exporter.fetch.faults import translated
from exporter.model import Reason
from tests.kit.asking import BASE_URL, desk
from tests.kit.clock import WALL_START, virtual
from tests.kit.vendor import Body, Reply, http_date


@virtual
async def test_a_question_is_one_get_with_key_and_query() -> None:
    """The documented path is below the base address, the query as given, the key in its header."""
    asked = desk({"/a": [Reply({"n": 1})]})
    reply = await asked.reply(params=(("ids", "x y"), ("ids", "z")))
    assert reply.value[0] == {"n": 1}
    (request,) = asked.script.asked
    assert str(request.url) == f"{BASE_URL}/a?ids=x+y&ids=z"
    assert request.headers["x-key"] == "a-key"


@virtual
async def test_every_request_is_told_to_the_observer() -> None:
    """By its documented path, with status, time and size; and how long it took to decode."""
    asked = desk({"/a": [Reply({"n": 1}, after=0.25)]})
    await asked.ask()
    assert asked.heard.responses == [("/a", "200", 0.25, len(b'{"n": 1}'))]
    assert asked.heard.decodings == [("/a", 0.0)]


@pytest.mark.parametrize(
    "status, error",
    [
        (201, errors.StatusUnexpected),
        (204, errors.StatusUnexpected),
        (206, errors.StatusUnexpected),
        (301, errors.StatusUnexpected),
        (400, errors.RequestRefused),
        (401, errors.CredentialRefused),
        (402, errors.StatusUnexpected),
        (403, errors.AccessForbidden),
        (404, errors.NotFound),
        (405, errors.StatusUnexpected),
        (418, errors.StatusUnexpected),
        (429, errors.RateLimited),
        (501, errors.ServerFailed),
        (505, errors.ServerFailed),
        (599, errors.ServerFailed),
    ],
)
@virtual
async def test_only_a_200_is_an_answer_and_nothing_else_is_asked_again(
    status: int, error: type[errors.UpstreamError]
) -> None:
    """Each other status has its error, by class and words, and is final; what may pass comes elsewhere."""
    asked = desk({"/a": [Reply({"n": 1}, status)]})
    with pytest.raises(error, match=rf"^/a: answered {status}"):
        await asked.ask()
    assert len(asked.script.asked) == 1
    assert asked.heard.codes == [str(status)]
    assert asked.key.refusals == (status == 401)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@virtual
async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(status: int) -> None:
    """Not even by a client that would follow by itself."""
    asked = desk({"/a": [Reply(b"", status, {"Location": "https://elsewhere.test/a"})]})
    with pytest.raises(errors.StatusUnexpected, match=f"answered {status}"):
        await asked.ask()
    assert [request.url.host for request in asked.script.asked] == ["vendor.test"]


@virtual
async def test_a_vendor_may_name_a_refusal_more_exactly() -> None:
    """The body of a 400 can say that the key was missing; where it says nothing, the status does."""

    def refusal(status: int, body: bytes) -> type[errors.UpstreamError] | None:
        return errors.CredentialRefused if (status, body) == (400, b'"no key"') else None

    asked = desk({"/a": [Reply("no key", 400), Reply("else", 400)]}, refusal=refusal)
    with pytest.raises(errors.CredentialRefused):
        await asked.ask()
    with pytest.raises(errors.RequestRefused):
        await asked.ask()
    assert asked.key.refusals == 1


@pytest.mark.parametrize(
    "ahead, date, moment",
    [
        (0.0, 0.0, 0.0),
        (600.0, 0.0, 0.0),
        (0.0, 600.0, 0.0),
        (-600.0, 0.0, -600.0),
        (600.0, None, 600.0),
    ],
    ids=["both right", "ours ahead", "theirs ahead", "ours behind", "theirs unknown"],
)
@virtual
async def test_the_moment_of_an_answer_is_the_earlier_of_both_clocks(
    ahead: float, date: float | None, moment: float
) -> None:
    """A clock that runs ahead, on either side, makes no stay longer than it is."""
    headers = {} if date is None else {"Date": http_date(WALL_START + date)}
    asked = desk({"/a": [Reply([], headers=headers)]}, ahead=ahead)
    reply = await asked.reply()
    assert reply.value[1] == WALL_START + moment
    assert reply.server_time == (None if date is None else WALL_START + date)


@pytest.mark.parametrize(
    "error, kind, words",
    [
        (httpx.ConnectError("canary"), errors.ConnectionFailed, "no connection"),
        (httpx.ConnectTimeout("canary"), errors.ConnectionFailed, "no connection"),
        (httpx.ProxyError("canary"), errors.ConnectionFailed, "no connection"),
        (httpx.ReadError("canary"), errors.ConnectionFailed, "the connection broke"),
        (httpx.RemoteProtocolError("canary"), errors.ConnectionFailed, "the connection broke"),
        (httpx.DecodingError("canary"), errors.AnswerMisshapen, "the body's compression is broken"),
        (ssl.SSLError(1, "canary"), errors.TlsFailed, "no TLS connection"),
    ],
)
def test_a_foreign_error_becomes_ours_and_its_words_stay_behind(
    error: httpx.HTTPError | ssl.SSLError, kind: type[errors.UpstreamError], words: str
) -> None:
    """Only the kind is kept: the text of a foreign error may hold addresses and headers."""
    ours = translated(error, "/a")
    assert (type(ours), str(ours)) == (kind, f"/a: {words}")


@pytest.mark.parametrize(
    "cause, words",
    [
        (ssl.SSLCertVerificationError(1, "canary"), "the server's certificate does not verify"),
        (ssl.SSLError(1, "canary"), "no TLS connection"),
    ],
)
@pytest.mark.parametrize("explicit", [True, False])
def test_trouble_with_tls_is_found_beneath_the_error_that_httpx_raises(
    cause: ssl.SSLError, words: str, explicit: bool
) -> None:
    """httpx calls it a failed connection; what lies below says more, however it is chained."""
    caught: httpx.ConnectError | None = None
    try:
        try:
            raise cause
        except ssl.SSLError as below:
            if explicit:
                raise httpx.ConnectError("canary") from below
            raise httpx.ConnectError("canary")  # noqa: B904 - the implicit chain is the case
    except httpx.ConnectError as error:
        caught = error
    assert caught is not None
    ours = translated(caught, "/a")
    assert (type(ours), str(ours)) == (errors.TlsFailed, f"/a: {words}")


@pytest.mark.parametrize("within_body", [False, True])
@virtual
async def test_tls_that_breaks_after_the_handshake_is_a_failure_of_tls(within_body: bool) -> None:
    """A server that misses a client certificate says so late, and httpx lets that through as it is."""
    alert = ssl.SSLError(1, "tlsv13 alert certificate required")
    asked = desk({"/a": [Reply(Body([b"["], error=alert)) if within_body else alert]})
    with pytest.raises(errors.TlsFailed, match=r"^/a: no TLS connection$") as caught:
        await asked.ask()
    assert caught.value.reason is Reason.TLS
    assert asked.heard.codes == ["error"]


@virtual
async def test_a_bug_is_not_taken_for_weather() -> None:
    """An error that is none of the network's comes out as it is."""
    asked = desk({"/a": [ValueError("a bug")]})
    with pytest.raises(ValueError, match="a bug"):
        await asked.ask()


@virtual
async def test_closing_gives_the_connections_back() -> None:
    """A closed fetcher asks nobody."""
    asked = desk({"/a": [Reply()]})
    await asked.fetcher.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await asked.ask()
    assert asked.script.asked == []
