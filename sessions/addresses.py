"""Which addresses are the public internet, by ranges of our own: `ipaddress.is_global` lets several others through."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

DENIED = {
    "this network": ("0.0.0.0/8",),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "carrier-grade NAT": ("100.64.0.0/10",),
    "loopback": ("127.0.0.0/8",),
    "link-local, where clouds keep their metadata": ("169.254.0.0/16",),
    "a cloud's wire server": ("168.63.129.16/32",),
    "protocol assignments": ("192.0.0.0/24",),
    "documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    "6to4": ("192.88.99.0/24", "2002::/16"),
    "AS112": ("192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24", "2620:4f:8000::/48"),
    "benchmarks": ("198.18.0.0/15",),
    "multicast": ("224.0.0.0/4",),
    "reserved": ("240.0.0.0/4",),
    "special use (Teredo, ORCHID and others)": ("2001::/23",),
}
"""Reason -> networks. Of IPv6, all outside `UNICAST` besides: loopback, mapped, NAT64, unique local, link-local, ..."""

UNICAST = IPv6Network("2000::/3")
_V4 = [(IPv4Network(net), why) for why, nets in DENIED.items() for net in nets if "." in net]
_V6 = [(IPv6Network(net), why) for why, nets in DENIED.items() for net in nets if ":" in net]


def refusal(address: str) -> str | None:
    """Why nothing may be connected to at `address` (as a numeric address, without a zone); None if it is public."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    if isinstance(parsed, IPv4Address):
        return next((why for network, why in _V4 if parsed in network), None)
    return _refusal_v6(parsed)


def _refusal_v6(address: IPv6Address) -> str | None:
    """Whatever carries an IPv4 address is refused too, whichever that is: no public name needs it."""
    if address not in UNICAST:
        return "not global unicast"
    return next((why for network, why in _V6 if address in network), None)
