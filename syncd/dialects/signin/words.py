"""What the pages say of what happened. Addresses carry a word of these lists; text of others is never shown."""

from __future__ import annotations

from typing import Final

FAILED: Final = {
    "wrong": "The user name or password is wrong.",
    "stale": "That took too long, or was begun in another window. Please try again.",
    "denied": "The other service did not let you in.",
    "service": "The other service cannot be reached right now, or gave an answer that makes no sense. "
    "With a password you can sign in all the same.",
    "clock": "This box does not know the time yet, so it cannot check what the other service says. "
    "Try again in a few minutes, or sign in with a password.",
    "stranger": "Nobody here is linked to that account. Sign in with your password and link it on the dashboard, "
    "or ask the owner of this box.",
    "not-allowed": "That account may not come in here. Ask the owner of this box.",
    "taken": "That account is linked to somebody else on this box already.",
    "unavailable": "The disk is not there, so nobody can be added right now.",
    "elsewhere": "Accounts are linked at this box's public address: sign in there, and link it from that page.",
    "signed-out": "You are signed out by now. Please sign in again.",
}

DONE: Final = {
    "key-revoked": "The key is revoked; the app cannot use it any more.",
    "device-forgotten": "The device is forgotten. It counts as new when it syncs again.",
    "device-revoked": "The device is revoked; its keys are dead.",
    "linked": "The account is linked; you can sign in with it from now on.",
    "unlinked": "The account is not linked any more.",
    "others-ended": "You are signed out everywhere else.",
}
