"""SQL, and nothing else. Rows become dataclasses here; queries never commit, `Database.write()` does.

database  connections, transactions, migrations
records   what one commit does to the index, and how it is remembered until it is done
entries   the paths of all trees, which are the feed
trash     what lies in the trash
media     what photos and videos say of themselves, by content hash
conflicts versions that did not know of each other
sessions  uploads in chunks
blocks    of which blocks a content consists
cursors   how far each device has applied the feed, and what the feed remembers
meta      small facts about the index itself
users     accounts
devices   devices, sessions and keys
web_sessions  log-ins of the web page
identities    whom other services know as whom
app_keys  keys of apps that keep their settings here
app_settings  what they saved, and by which devices
volumes   which disks this box serves, and how far their sequences are reserved
"""
