"""`syncd device add|list|revoke`."""

from __future__ import annotations

import argparse
import io
import ipaddress
import socket

from syncd.cli.actions import action, actions
from syncd.cli.owner import box
from syncd.cli.tables import as_json, day, table
from syncd.cli.wishes import granted
from syncd.config import Address, Config
from syncd.core.accounts import DEVICE_KINDS
from syncd.core.admin.people import AddDevice, ListDevices, RevokeDevice
from syncd.core.admin.wish import encode

# Kept for documentation (RFC 5737, RFC 3849): connecting a UDP socket there sends nothing, and the kernel tells
# which of our addresses it would use.
ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd device add anna phone"
    verbs = actions(parser, "add|list|revoke")
    adding = action(
        verbs,
        "add",
        add,
        help="give a phone or computer its own key, and print the address to type or scan there",
        example='syncd device add anna "Anna\'s phone"',
    )
    adding.add_argument("user", metavar="USER", help="whose files it syncs")
    adding.add_argument("name", metavar="NAME", help="what the device is called")
    adding.add_argument("--kind", choices=DEVICE_KINDS, default="phone", help="what it is (default: phone)")
    adding.add_argument("--json", action="store_true", help="print a JSON object")
    listing = action(verbs, "list", show, help="print the devices of a user, or of all", example="syncd device list")
    listing.add_argument("user", metavar="USER", nargs="?", help="whose; all without")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    ending = action(
        verbs,
        "revoke",
        revoke,
        help="end the key of a lost or sold device at once; its files stay",
        example="syncd device revoke anna phone",
    )
    ending.add_argument(
        "words",
        metavar="USER NAME | DEVICE-ID",
        nargs="+",
        help="the user and the name of the device, or its id from: syncd device list",
    )
    ending.set_defaults(misused=ending.error)


def add(args: argparse.Namespace) -> int:
    """Make a device; its key is shown this once."""
    config = box(args)
    new = granted(config, AddDevice(args.user, args.name, args.kind))
    address = f"{base_url(config)}/k/{new.key}"
    if args.json:
        print(as_json({"key": new.key, "address": address, "device": encode(new.device)}))
        return 0
    print(f"{args.user}'s device {new.device.name} was added. Enter this as the server's address in its app:\n")
    print(f"  {address}\n")
    print(_drawn(address))
    print("Whoever knows the address can come in; it is shown only now. To end it:")
    print(f"  syncd device revoke {new.device.id}")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print devices."""
    rows = granted(box(args), ListDevices(args.user))
    if args.json:
        print(as_json([{"user": one.user, **_fields(one.device)} for one in rows]))
    elif rows:
        head = ("USER", "DEVICE", "KIND", "LAST SEEN", "ID")
        cells = [(one.user, one.device.name, one.device.kind, day(one.device.seen_ms), one.device.id) for one in rows]
        print(table(head, cells))
    else:
        print("there are no devices yet; add one with: syncd device add USER NAME")
    return 0


def _fields(device: object) -> dict[str, object]:
    fields = encode(device)
    assert isinstance(fields, dict)
    return fields


def revoke(args: argparse.Namespace) -> int:
    """End a device's key."""
    *user, device = args.words
    if len(user) > 1:
        args.misused("write the user and the device's name (in quotes if it has spaces), or the device's id")
    wish = RevokeDevice(device, user[0] if user else None)
    gone = granted(box(args), wish)
    print(f"device {gone.name} was revoked; its key is dead")
    return 0


def base_url(config: Config) -> str:
    """The address phones reach this box at, without a slash at its end."""
    if config.server.public_url:
        return config.server.public_url.rstrip("/")
    first = config.server.listen[0]
    host = first.host
    if ipaddress.ip_address(host).is_unspecified:
        host = _own_address() or host
    return f"http://{Address(host, first.port)}"


def _own_address() -> str | None:
    """The address of this box on its network; None without one."""
    for family, there in ELSEWHERE:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((there, 9))
            except OSError:
                continue
            own: str = probe.getsockname()[0]
            return own
    return None


def _drawn(address: str) -> str:
    try:
        import segno
    except ImportError:
        return "(its QR code is drawn here once the Python package segno is installed)\n"
    drawing = io.StringIO()
    segno.make(address, error="l").terminal(drawing, compact=True)
    return drawing.getvalue()
