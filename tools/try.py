"""`make try`: a phone's day against the server of `make run`, told in plain words.

Reads ./var, where `make run` put the first account. Backs up a turned photo and a short video as the
app would, looks at them in every way the app does, throws one away and takes it back. Ends with status 1
and one clear line when something is not as it should be.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a plain script

from tests import samples  # noqa: E402 - only now can they be found
from tests.phone import Answer, Phone  # noqa: E402 - likewise

FIRST_USER = ROOT / "var" / "first-user.json"
DEVICE = "try-phone"
PHOTO_SIZE = (2400, 1800)  # upright pixels; larger than a preview, so that shrinking shows
TURNED_CLOCKWISE = 6  # EXIF: the camera was held upright, the sensor lies


class Off(Exception):
    """Something is not as it should be; the text says what."""


@dataclass(frozen=True, slots=True)
class FirstUser:
    """What `make run` noted of the account it made."""

    address: str  # the server alone, http://host:port
    user: str
    password: str
    phone_address: str  # what is typed into the app: with the device's key

    @classmethod
    def read(cls, path: Path) -> FirstUser:
        """Raises Off when the file is not there or not ours."""
        try:
            noted = json.loads(path.read_text("utf-8"))
            phone = noted.get("phone_address", noted["address"])
            server = urlsplit(noted["address"])
            return cls(f"{server.scheme}://{server.netloc}", noted["user"], noted["password"], phone)
        except FileNotFoundError:
            raise Off("there is no var/first-user.json: run `make run` in another terminal first") from None
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise Off(f"var/first-user.json is not readable ({exc!r}): remove ./var and run `make run`") from exc


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def need(condition: bool, complaint: str) -> None:
    if not condition:
        raise Off(complaint)


def ok(answer: Answer, what: str, status: int = 200) -> Answer:
    """*answer*, if it has *status*; raises Off."""
    words = answer.body[:200].decode("utf-8", "replace").strip()
    need(answer.status == status, f"{what}: the server answered {answer.status} instead of {status}. {words}")
    return answer


def kilobytes(data: bytes) -> str:
    return f"{len(data) / 1000:.1f} kB"


def shown(answer: Answer) -> tuple[str, str]:
    """What a picture looks like, in words: size and format, and whether it stands upright."""
    kind, (width, height) = samples.dimensions(answer.body)
    upright = samples.corner_colours(answer.body) == samples.UPRIGHT
    return f"{width} x {height} pixels, {kind}, {kilobytes(answer.body)}", "upright" if upright else "NOT upright"


def meet(first: FirstUser) -> None:
    """Is the daemon there?"""
    address = urlsplit(first.address)
    link = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=10)
    try:
        link.request("GET", "/healthz")
        answer = link.getresponse()
        need(answer.status == 200, f"{first.address}/healthz answers {answer.status}: {answer.read(300)!r}")
    except OSError as exc:
        raise Off(f"nobody answers at {first.address} ({exc}): is `make run` running?") from exc
    finally:
        link.close()
    say(f"the server at {first.address} is well")


def back_up(phone: Phone, photo: str, video: str) -> None:
    date = time.strftime("%Y-") + str(int(time.strftime("%m")))
    for name, content in ((photo, samples.turned_jpeg(TURNED_CLOCKWISE, PHOTO_SIZE)), (video, samples.film("mp4"))):
        begun = time.monotonic()
        ok(phone.upload(name, content, date), f"uploading {name}")
        say(f"uploaded {name}, {kilobytes(content)}, in {(time.monotonic() - begun) * 1000:.0f} ms")


def find(phone: Phone, name: str) -> str:
    """The path under which *name* is listed."""
    months = [month for year in ok(phone.folders(), "/folders").json() for month in year["Months"]]
    need(bool(months), "/folders lists no month after the upload")
    paths = ok(phone.files(months[-1]), "/files").json()
    found = [str(path) for path in paths if path == f"{months[-1]}/{name}"]
    need(len(found) == 1, f"{name} is not listed in {months[-1]}: {paths}")
    return found[0]


def look(phone: Phone, photo: str, video: str) -> None:
    """Thumbnail, preview and original of the photo; thumbnail of the video."""
    for quality, what in ((None, "thumbnail"), ("high", "preview")):
        size, upright = shown(ok(phone.img(photo, quality), what))
        say(f"{what} of the photo: {size}, {upright}")
        need(upright == "upright", f"the {what} of a photo taken with a turned camera does not stand upright")
    full = ok(phone.img(photo, "full"), "the original")
    need(full.body == samples.turned_jpeg(TURNED_CLOCKWISE, PHOTO_SIZE), "the original photo came back changed")
    say(f"original of the photo: {kilobytes(full.body)}, byte for byte as sent")
    size, _ = shown(ok(phone.img(video), "thumbnail of the video"))
    say(f"thumbnail of the video: {size}")


def play(phone: Phone, video: str) -> None:
    film = samples.film("mp4")
    middle = len(film) // 2
    piece = ok(phone.stream(video, f"bytes={middle}-{middle + 999}"), "seeking in the video", 206)
    need(piece.body == film[middle : middle + 1000], "seeking in the video gave the wrong bytes")
    say(f"seeking in the video: {piece.header('content-type')}, {piece.header('content-range')}")


def throw_away_and_take_back(phone: Phone, photo: str) -> None:
    ok(phone.move_to_trash(photo), "moving to the trash")
    trash = ok(phone.files("Trash"), "listing the trash").json()
    [lying] = [path for path in trash if path == f"Trash/{photo}"] or [""]
    need(lying != "", f"{photo} is not listed in the trash: {trash}")
    need(phone.stream(photo).status == 404, f"{photo} is still there after moving it to the trash")
    ok(phone.img(lying), "its thumbnail in the trash")
    say(f"moved to the trash: {lying}, its thumbnail still shows")
    ok(phone.restore(lying), "restoring")
    need(ok(phone.stream(photo), "the restored photo").body[:2] == b"\xff\xd8", "the restored photo is not a JPEG")
    ok(phone.img(photo), "the thumbnail after restoring")
    say(f"restored: {photo}, with its thumbnail")


def log_in(first: FirstUser) -> None:
    """The newer app's way: name and password, then the token."""
    phone = Phone(first.address, first.user, DEVICE)
    token = ok(phone.login(first.password), "logging in").json()["Token"]
    months = ok(Phone(first.address, first.user, DEVICE, token).folders(), "/folders with a token").json()
    say(f"logged in as {first.user}: {sum(len(year['Months']) for year in months)} month(s) on this phone")
    need(phone.folders().status == 401, "the server lists photos to somebody without a token or key")
    say("without token or key the same question is answered 401")


def run() -> None:
    first = FirstUser.read(FIRST_USER)
    meet(first)
    phone = Phone(first.phone_address, first.user, DEVICE, generation=1)
    moment = time.strftime("%Y%m%d_%H%M%S")
    photo, video = f"IMG_{moment}.jpg", f"VID_{moment}.mp4"
    back_up(phone, photo, video)
    photo, video = find(phone, photo), find(phone, video)
    say(f"listed as {photo} and {video}")
    look(phone, photo, video)
    play(phone, video)
    throw_away_and_take_back(phone, photo)
    log_in(first)
    print(f"All is well. The photo and the video stay on the server: {first.address}")


def fail(words: str) -> NoReturn:
    print(f"try: {words}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    try:
        run()
    except Off as exc:
        fail(str(exc))
    except OSError as exc:
        fail(f"the connection broke: {exc}")
