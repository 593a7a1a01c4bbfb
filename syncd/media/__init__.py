"""Photos, videos and sound, read without trusting a byte of them.

The map:

    sniff.py      first bytes -> MediaType, or None (pure)
    boxes.py      the ISO-BMFF part of it: brands, and QuickTime without a brand (pure)
    documents.py  photo or scanned page, from brightness (pure)
    exif.py       EXIF and exiftool values -> Metadata fields (pure)
    ffmpeg.py     argument lists, and what ffmpeg writes about a file (pure)
    exiftool.py   the same for exiftool; the excerpt that it is given to read
    sandbox.py    the ladder of confinements, as argument lists (pure)
    family.py     all processes below a child: their memory, their end
    child.py      one started child: bounded output, memory watch, sure end
    link.py       the two children that stay: the worker and exiftool, asked one thing at a time
    crew.py       all children of the pool, from start to end
    tools.py      which of ffmpeg, exiftool and Pillow are here
    frames.py     what the daemon and the worker say to each other
    confine.py    a script, run between fork and exec of every child: limits, user, sandbox
    worker.py     the worker process: takes one open file at a time
    pixels.py     Pillow, in the worker process only

The children are started by one function, in `syncd/workers/media.py`; a name never reaches them, only an open
file. Nothing here knows HTTP, the index or the tree.
"""
