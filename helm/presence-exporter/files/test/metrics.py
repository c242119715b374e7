"""Reads the exporter's page and looks for one metric; the pod of `helm test` runs it with the image's Python.

Takes the page's address, the metric, and `open` or `guarded`: a guarded page may ask for a password, which
shows as well that the exporter serves. A certificate is not verified: none is sure to name the Service.
"""

import http.client
import ssl
import sys
from urllib.parse import urlsplit


def main(url: str, metric: str, *, guarded: bool) -> int:
    """0 where the page has the metric, 1 where it has not or nobody answers."""
    try:
        status, page = read(url)
    except OSError as error:
        return told(1, f"{url} does not answer: {error}")
    if status != http.HTTPStatus.OK:
        return told(0 if guarded and status == http.HTTPStatus.UNAUTHORIZED else 1, f"{url} answers {status}")
    found = [line for line in page.splitlines() if line.startswith((f"{metric} ", f"{metric}{{"))]
    return told(0 if found else 1, "\n".join(found) or f"{url} has no {metric}")


def read(url: str) -> tuple[int, str]:
    """The code and the text of an answer; raises `OSError` where there is none."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        line = http.client.HTTPSConnection(parts.netloc, timeout=20, context=context)
    else:
        line = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        line.request("GET", f"{parts.path}?{parts.query}")
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    except http.client.HTTPException as error:
        raise OSError(f"{error!r} is no answer") from error
    finally:
        line.close()


def told(code: int, text: str) -> int:
    """The code, after the text was printed."""
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], guarded=sys.argv[3] == "guarded"))
