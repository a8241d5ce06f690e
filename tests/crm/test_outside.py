"""Asking servers elsewhere: nothing inside the house can be reached, whatever the address looks like."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crm import outside


class Canary(BaseHTTPRequestHandler):
    """Serves a few paths and notes every request."""

    asked = []
    answers = {
        "/ok": (200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n"),
        "/big": (200, {}, b"x" * 5000),
        "/gone": (404, {}, b""),
    }

    def do_GET(self):
        self.asked.append(self.path)
        code, headers, body = self.answers.get(self.path, (302, {"Location": self.path.partition("?to=")[2]}, b""))
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def canary():
    Canary.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_canary(canary, settings):
    """The canary, allowed by its name and port."""
    settings.OUTSIDE_ALLOW = [f"localhost:{canary.server_port}"]
    return f"http://localhost:{canary.server_port}"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "0", "00.0.0.0", "127.1", "2130706433", "0x7f.1", "017700000001",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "10.0.0.1", "172.16.0.1",
        "192.168.1.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "user@127.0.0.1", "example.com@127.0.0.1", "localhost.", "127。0。0。1", "①②⑦.0.0.1",
    ],
)  # fmt: skip
def test_no_spelling_of_an_inner_address_is_reached(canary, host):
    for port in (canary.server_port, 80):
        with pytest.raises(outside.Refused, match="^the address cannot be reached$"):
            outside.fetch(f"http://{host}:{port}/ok", limit=1000, seconds=2)

    assert Canary.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "gopher://example.com/", "file:///etc/passwd", "ftp://example.com/", "//example.com/", "http:///x", "",
        "http://example.com\\@127.0.0.1/", "http://exa mple.com/", "http://example.com:22/", "http://example.com:99999/",
        "http://example.com/\r\nX: y", "javascript:alert(1)", "http://[::1", "http://" + "a" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url):
    with pytest.raises(outside.Refused):
        outside.judge(url)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_public(address):
    assert outside.is_public(address)


def test_an_allowed_server_of_the_own_network_answers(open_canary):
    answer = outside.fetch(f"{open_canary}/ok", limit=1000, seconds=5)

    assert (answer.status, answer.content_type, answer.content) == (200, "image/png", b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/ok",
        "http://[::1]:{port}/ok",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "//0/ok",
    ],
)
def test_a_redirect_is_judged_like_the_first_address(canary, open_canary, target):
    with pytest.raises(outside.Refused):
        outside.fetch(f"{open_canary}/r?to={target.format(port=canary.server_port)}", limit=1000, seconds=5)

    assert len(Canary.asked) == 1


def test_redirects_end(open_canary):
    with pytest.raises(outside.Refused):
        outside.fetch(f"{open_canary}/r?to=/r?to=/r?to=/r?to=/ok", limit=1000, seconds=5)


@pytest.mark.parametrize("path", ["/big", "/gone"])
def test_too_much_and_not_there_look_the_same(open_canary, path):
    with pytest.raises(outside.Refused, match="^the address cannot be reached$"):
        outside.fetch(f"{open_canary}{path}", limit=1000, seconds=5)


def test_a_server_that_never_answers_is_left(settings):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.OUTSIDE_ALLOW = [f"localhost:{silent.getsockname()[1]}"]

        with pytest.raises(outside.Refused):
            outside.fetch(f"http://localhost:{silent.getsockname()[1]}/", limit=10, seconds=0.3)
