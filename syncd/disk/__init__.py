"""System calls on user files, and nothing else.

faults   OSError becomes a SyncError, by errno
pool     the few threads that wait for the disk
kernel   calls the standard library lacks (openat2, renameat2, syncfs)
root     files and folders below the volume, never through a symlink
batch    many renames in one hop
staging  bytes on their way in
volume   the disk's identity, room and state
derived  thumbnails and previews, by content hash
"""
