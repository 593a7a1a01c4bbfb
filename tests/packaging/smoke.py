"""What a box must do on the day it is set up, whatever it is: the life of one photo, through an accident."""

from __future__ import annotations

from tests import samples
from tests.daemon import USER, Daemon
from tests.phone import Phone

NAME = "beach.jpg"
PATH = f"2024/5/{NAME}"
THUMBNAIL = ("PNG", (250, 250))


def smoke(daemon: Daemon, thumbnails: bool) -> None:
    """Set *daemon* up, upload a photo, look at it, pull the plug, look again, and stop as a service manager does.

    Without *thumbnails* there has to be a clear "no" in their place. Raises AssertionError.
    """
    photo = samples.photo((800, 600))
    daemon.start()
    phone = paired(daemon)
    stored(phone, photo)
    if thumbnails:
        assert samples.dimensions(phone.img(PATH).body) == THUMBNAIL
        assert samples.dimensions(phone.img(PATH, "high").body) == ("JPEG", (800, 600))
    else:
        refused = phone.img(PATH)
        assert (refused.status, b"no picture" in refused.body) == (404, True), refused
        assert phone.upload("later.jpg", samples.jpeg()).status == 200
    daemon.kill()
    daemon.start()
    assert PATH in phone.listed("2024/5")
    assert phone.stream(PATH).body == photo
    daemon.stop()


def paired(daemon: Daemon) -> Phone:
    """A phone with an address of its own, as `syncd device add` prints it."""
    return Phone(f"{daemon.url}/k/{daemon.add_device(USER, 'phone')}", USER, "phone", generation=1)


def stored(phone: Phone, photo: bytes) -> None:
    """Upload *photo*, find it in the lists, and seek in it as a player does."""
    assert phone.upload(NAME, photo).status == 200
    assert phone.folders().json() == [{"Year": "2024", "Months": ["2024/5"]}]
    assert phone.listed("2024/5") == [PATH]
    part = phone.stream(PATH, "bytes=100-299")
    assert (part.status, part.body) == (206, photo[100:300])
    assert part.header("content-range") == f"bytes 100-299/{len(photo)}"
