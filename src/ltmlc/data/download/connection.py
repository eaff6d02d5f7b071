"""One HTTP connection, and whether what goes wrong with it is worth another attempt."""

import errno
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

TEMPORARY_STATUS = {408, 425, 429, 500, 502, 503, 504}
BLOCK = 1 << 18


class MirrorError(Exception):
    """The mirror cannot give the file, however often it is asked."""


class TemporaryError(Exception):
    """Worth another attempt: after ``pause`` seconds if the server said so, and from the beginning if ``anew``."""

    def __init__(self, message: str, *, pause: float = 0.0, anew: bool = False) -> None:
        super().__init__(message)
        self.pause, self.anew = pause, anew


def open_url(url: str, *, start: int, timeout: float) -> http.client.HTTPResponse:
    """Ask for a file from byte ``start`` on. The server may send the whole nevertheless (status 200, not 206).

    Raises:
        MirrorError, TemporaryError: what the server or the network said.
    """
    headers = {"User-Agent": "ltmlc", "Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        request = urllib.request.Request(url, headers=headers)
        response = urllib.request.urlopen(request, timeout=timeout)  # nosec B310 # the schema allows http(s) alone
    except urllib.error.HTTPError as error:
        error.close()
        raise _status_error(error) from None
    except http.client.InvalidURL as error:
        raise MirrorError(f"it is no address ({_one_line(error)})") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise MirrorError(f"its certificate is not valid ({reason.verify_message})") from None
        if not start and _is_cut_off(reason):
            raise MirrorError(f"no way to the server ({_one_line(reason.strerror)}): is there a network?") from None
        raise TemporaryError(_network_text(reason)) from None
    except ValueError as error:  # of an address that a server redirects to
        raise MirrorError(f"it is no address ({_one_line(error)})") from None
    if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        response.close()
        raise TemporaryError("the server sent another range than it was asked for", anew=True)
    return response


def _is_cut_off(reason: object) -> bool:
    """Whether waiting would not help: no such name, no route. A download that has begun had its network."""
    return isinstance(reason, socket.gaierror) or getattr(reason, "errno", None) in (
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
    )


def _status_error(error: urllib.error.HTTPError) -> Exception:
    if error.code == 416:  # the server's file ends before what is here
        return TemporaryError("the server's file is shorter than what was there of it", anew=True)
    problem = f"HTTP status {error.code} {_one_line(error.reason)}".rstrip()
    if error.code not in TEMPORARY_STATUS:
        return MirrorError(problem)
    after = error.headers.get("Retry-After") or ""
    return TemporaryError(problem, pause=float(after) if after.isdecimal() else 0.0)


def blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it arrives. Only errors of the network become TemporaryError, not those of the disk."""
    while True:
        try:
            block = response.read1(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise TemporaryError(_network_text(error)) from None
        if not block:
            return
        yield block


def tells_its_end(response: http.client.HTTPResponse) -> bool:
    """Whether a body that was cut short can be told from a whole one: by its length, or by its last chunk."""
    return response.headers.get("Content-Length", "").isdecimal() or bool(response.headers.get("Transfer-Encoding"))


def announced_end(response: http.client.HTTPResponse, position: int) -> int | None:
    """Where a response that begins at ``position`` will end, if the server says so."""
    length = response.headers.get("Content-Length", "")
    return position + int(length) if length.isdecimal() else None


def _network_text(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    return f"the connection failed ({_one_line(getattr(error, 'strerror', None) or error) or type(error).__name__})"


def _one_line(text: object) -> str:
    """What a server sent in place of HTTP, or Python says of a redirection, may have several."""
    return " ".join(str(text).split())[:200]
