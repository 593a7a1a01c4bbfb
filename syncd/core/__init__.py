"""The rules: no HTTP, no SQL, no system calls.

core       what is always there, and the mount that is there while the disk is
mount      everything that lives on the disk: root, index, committer, uploads
uploads    bytes on their way in
commit     the one door for changes of a tree
plans      what each kind of change does, step by step
names      free names, and folder names made from what people type
tree       reading: entries, listings, open files
trash      what can be brought back, and when it ends
reconcile  the tree is the truth: outside changes become ordinary changes
verify     re-reads what is stored
accounts   users, devices, sessions, keys
settings   what apps keep in step, by whose save is newer
keys       the keys with which they do
signin     the web page: log-ins of browsers, accounts at other services
passwords  bcrypt, off the loop
throttle   log-in attempts
changes    what doors and workers may do to a tree
pictures   which thumbnails and previews nobody needs any more
timekeeper time that may be wrong
conflicts  verdicts on arriving content
"""
