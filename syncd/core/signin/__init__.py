"""Signing in to the web page, with a password of this box or with an account at another service.

sessions    log-ins of a browser: how long they last, and what ends them
origin      may this request change something, or did another web page send it?
profile     what another service says of somebody, whom the owner lets in, and what a newcomer is called
identities  whom another service knows as whom: linking, and who enters
tickets     log-ins at another service that were begun and are not finished
outgoing    what the core needs of the web
failure     why one did not work
openid      OpenID Connect: where a service's addresses are, its keys, and what an ID token must say
github      GitHub, which speaks OAuth with an interface of its own
services    the services of the configuration, each as a module with the same two questions
"""
