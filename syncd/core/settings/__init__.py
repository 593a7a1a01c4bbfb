"""Settings that the apps of a household keep in step (SxncD).

incoming what devices send: names and times
rule     who is newer: the decision
store    saves, versions and devices of each user and app
pace     not too many calls with one key
"""
