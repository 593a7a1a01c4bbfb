"""A client on a bad line: `python -m tests.sync.roaming VERB HOST PORT TOKEN REMOTE-PATH FILE`.

It resumes what broke and counts what it sent. Each time the line breaks it says so and waits for a word on its
standard input, so that whoever plays the network decides when it comes back. The last line is the result, as JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable
from pathlib import Path

from tests.phone import Answer
from tests.sync.api import Api, listed, sha256

CHUNK = 1 << 20  # bytes
PATIENCE_S = 2.0  # without a byte: the line is dead
PIECE = 1 << 16  # bytes read at once
BROKEN = (OSError, http.client.HTTPException)


def say(word: str) -> None:
    """Tell whoever plays the network, and wait for the answer."""
    print(word, flush=True)
    sys.stdin.readline()


def persist(action: Callable[[], Answer]) -> Answer:
    """The answer of *action*, however often it takes."""
    while True:
        try:
            return action()
        except BROKEN:
            say("broken")


def upload(api: Api, path: str, file: Path) -> dict[str, object]:
    """Send *file* in chunks."""
    content = file.read_bytes()
    opened = persist(lambda: api.open_upload(path, len(content), chunk_size=CHUNK, expected_hash=sha256(content)))
    upload_id = opened.json()["id"]
    sent = 0
    while missing := listed(persist(lambda: api.upload_state(upload_id)).json()["missing"]):
        try:
            for index in missing:
                sent += 1
                answer = api.send_chunk(upload_id, index, content[index * CHUNK : (index + 1) * CHUNK])
                assert answer.status == 200, answer.body
        except BROKEN:
            say("broken")
    say("whole")
    done = persist(lambda: api.complete(upload_id))
    return {"status": done.status, "sent": sent, "chunks": -(-len(content) // CHUNK), "answer": done.json()}


def download(api: Api, path: str, file: Path) -> dict[str, object]:
    """Fetch into *file*, going on where it broke off."""
    etag, received, length = "", 0, -1
    with file.open("wb") as out:
        while out.tell() != length:
            link = http.client.HTTPConnection(api.host, api.port, timeout=api.timeout_s)
            headers = {"Authorization": f"Bearer {api.token}"}
            if etag:
                headers |= {"Range": f"bytes={out.tell()}-", "If-Range": etag}
            try:
                link.request("GET", f"/api/v1/sync/download/{path}", None, headers)
                response = link.getresponse()
                assert response.status == (206 if etag else 200), response.status
                if not etag:
                    etag, length = response.headers["ETag"], int(response.headers["Content-Length"])
                while piece := response.read1(PIECE):
                    out.write(piece)
                    received += len(piece)
            except BROKEN:
                say("broken")
            finally:
                link.close()
    return {"received": received, "length": length, "content_hash": sha256(file.read_bytes())}


def main() -> None:
    verb, host, port, token, path, file = sys.argv[1:]
    api = Api(host, int(port), token, PATIENCE_S)
    work = {"upload": upload, "download": download}[verb]
    print(json.dumps(work(api, path, Path(file))), flush=True)


if __name__ == "__main__":
    main()
