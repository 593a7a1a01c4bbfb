"""The phone in tests/phone.py says on the wire what the app says."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from tests.phone import BOUNDARY_LENGTH, Phone, user_list

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: Words\r\n\r\n[]"


class Listener:
    """Accepts one connection, answers 200 when the whole request is there, keeps its bytes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        link, _ = self._socket.accept()
        with link:
            while not self._is_whole():
                self.heard += link.recv(65536)
            link.sendall(ANSWER)

    def _is_whole(self) -> bool:
        head, found, body = self.heard.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        return bool(found) and len(body) >= (int(length[1]) if length else 0)

    def request(self) -> tuple[list[str], bytes]:
        """Head lines and body of what was heard."""
        self._thread.join(10)
        self._socket.close()
        head, _, body = self.heard.partition(b"\r\n\r\n")
        return head.decode().split("\r\n"), body


def test_upload_is_the_apps_byte_for_byte() -> None:
    listener = Listener()
    phone = Phone(f"http://{listener.address}", "Desi", "phone 1", generation=1)
    answer = phone.upload('Ж "a".jpg', b"BYTES")
    head, body = listener.request()
    mark = head[4].removeprefix("content-type: multipart/form-data; boundary=")
    assert head == [
        "POST /upload HTTP/1.1",
        "user-agent: Dart/3.4 (dart:io)",
        "user: [68, 101, 115, 105]",
        "date: 2024-5",
        f"content-type: multipart/form-data; boundary={mark}",
        "accept-encoding: gzip",
        f"content-length: {len(body)}",
        f"host: {listener.address}",
    ]
    assert (answer.status, answer.body, answer.header("x-two")) == (200, b"[]", "Words")
    assert re.fullmatch(r"dart-http-boundary-[-+_.0-9A-Za-z]{51}", mark)
    assert (
        body
        == (
            f"--{mark}\r\ncontent-type: image/jpeg\r\n"
            'content-disposition: form-data; name="phone 1"; filename="Ж %22a%22.jpg"\r\n\r\n'
            f"BYTES\r\n--{mark}--\r\n"
        ).encode()
    )


@pytest.mark.parametrize(("generation", "bearer"), [(1, []), (2, ["authorization: Bearer t0ken"])])
def test_only_the_second_generation_sends_its_token(generation: int, bearer: list[str]) -> None:
    listener = Listener()
    Phone(f"http://{listener.address}/k/secret/", "Деси", "d", "t0ken", generation).files("2024/5")
    head, body = listener.request()
    assert head[0] == "POST /k/secret//files HTTP/1.1"
    assert "content-type: application/json; charset=UTF-8" in head
    assert [line for line in head if line.startswith("authorization")] == bearer
    assert body == '{"UserData":{"User":"Деси","DeviceId":"d"},"Folder":"2024/5"}'.encode()


def test_player_sends_no_token() -> None:
    listener = Listener()
    Phone(f"http://{listener.address}", "a b", "d", "t0ken").stream("2024/5/é+.mp4", "bytes=0-9")
    head, body = listener.request()
    assert head[0] == "GET /stream?User=a+b&DeviceId=d&File=2024%2F5%2F%C3%A9%2B.mp4 HTTP/1.1"
    assert "Range: bytes=0-9" in head
    assert not [line for line in head if line.lower().startswith(("authorization", "content-length"))]
    assert body == b""


def test_user_header_is_the_printed_list_of_bytes() -> None:
    assert user_list("Жо") == "[208, 150, 208, 190]"
    assert BOUNDARY_LENGTH == 70
