"""What is to be done about one folder: a pure function of what it is here, what was agreed on, and what the server has.

Only what is empty is of interest: a folder that something lies in comes and goes with that, by decide().
"""

from __future__ import annotations

from enum import Enum


class Here(Enum):
    NOTHING = "there is nothing"
    FILE = "a file stands there, or where it would have to be"
    EMPTY = "a folder in which nothing is synced"
    FULL = "a folder in which something is synced"
    UNKNOWN = "nothing can be said about it"


class There(Enum):
    """What the server has, or what both sides last agreed on."""

    NOTHING = "there is no folder"
    LED = "a folder that leads to something, and goes with the last of it"
    MADE = "a folder that somebody made, and that stays"
    FILE = "a file stands there, or in its way"


class FolderVerdict(Enum):
    AGREE = "both have it: remember as what"
    FORGET = "there is nothing to remember"
    MAKE_HERE = "make it here"
    REMOVE_HERE = "remove it here, if it is empty"
    MAKE_THERE = "make it on the server"
    REMOVE_THERE = "remove it on the server, if it is empty"
    NOTHING = "leave both as they are"


def decide_folder(here: Here, agreed: There, there: There) -> FolderVerdict:
    """The verdict on a folder.

    =======  =========  =======  ============
    here     agreed     there
    =======  =========  =======  ============
    unknown  any        any      NOTHING
    any      any        file     FORGET        the files are settled first
    file     any        made     NOTHING       an empty one makes way when the file is sent
    -        made       made     REMOVE_THERE
    -        led or -   made     MAKE_HERE
    -, file  any        other    FORGET
    empty    -          -        MAKE_THERE
    empty    led, made  -        REMOVE_HERE   it went there, and here it is what is left of it
    full     any        -        NOTHING       what is in it is on its way
    folder   any        folder   AGREE
    =======  =========  =======  ============
    """
    if here is Here.UNKNOWN:
        return FolderVerdict.NOTHING
    if there is There.FILE:
        return FolderVerdict.FORGET
    if here in (Here.NOTHING, Here.FILE):
        if there is not There.MADE:
            return FolderVerdict.FORGET
        if here is Here.FILE:
            return FolderVerdict.NOTHING
        return FolderVerdict.REMOVE_THERE if agreed is There.MADE else FolderVerdict.MAKE_HERE
    if there is not There.NOTHING:
        return FolderVerdict.AGREE
    if here is Here.FULL:
        return FolderVerdict.NOTHING
    return FolderVerdict.MAKE_THERE if agreed is There.NOTHING else FolderVerdict.REMOVE_HERE


def only_up_folder(verdict: FolderVerdict) -> FolderVerdict:
    """*verdict* for a backup: new folders go up, nothing comes down, nothing is removed, here nor there."""
    match verdict:
        case FolderVerdict.MAKE_HERE | FolderVerdict.REMOVE_HERE:
            return FolderVerdict.NOTHING
        case FolderVerdict.REMOVE_THERE:
            return FolderVerdict.FORGET  # it was promised to stay, also when the next run goes both ways
        case _:
            return verdict
