"""The folder client: keeps a folder of this computer in step with the tree on the server.

It runs on other machines than the server and imports nothing of it but names, errors and the clock.
"""
