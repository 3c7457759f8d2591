"""Requests that leave: the only room that asks anybody else for something.

Knows how to ask a stranger without harm: which addresses are outside, that the address which was
checked is the one that is connected to, how much is read and for how long. Does not know why
somebody is asked: a webhook, a mirror. Nothing here runs unless a person asked for it.
"""

from groundswell.store.outbound.addresses import Boundary, OutboundPolicy
from groundswell.store.outbound.client import OpenReply, Outbound, Reply
from groundswell.store.outbound.network import AddressRefused, Resolver, Unreachable, resolve
from groundswell.store.outbound.urls import URL_CHARACTERS_MAX, Target, UrlRefused, parse_url

__all__ = [
    "URL_CHARACTERS_MAX",
    "AddressRefused",
    "Boundary",
    "OpenReply",
    "Outbound",
    "OutboundPolicy",
    "Reply",
    "Resolver",
    "Target",
    "Unreachable",
    "UrlRefused",
    "parse_url",
    "resolve",
]
