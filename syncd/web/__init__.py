"""HTTP common to all dialects; knows none of them.

keys         typed keys of the application and the request
front        from the wire to the handler: paths cleaned, hosts checked, errors rendered, one line of log
outgoing     asking other services, within bounds
connections  bounds on connections: how many, how long idle
errors       one table from what went wrong to a status
auth         who asks
cookies      who is signed in at the web page, and which forms are its own
bodies       JSON and form bodies, streamed under limits
conditions   preconditions and ranges of RFC 9110, pure
files        a file as an answer: whole, a range, or nothing
cors         doors that pages of any origin may call
probes       /healthz and /setup_info
"""
