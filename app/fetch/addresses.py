"""The test for public internet addresses, at which pages of the open web may be."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Policy: TypeAlias = Callable[[Address], bool]

# IANA's IPv4 Special-Purpose Address Registry, whole; ipaddress.is_global lacks several of them.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; holds a cloud's metadata (100.100.100.200)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; holds most clouds' metadata (169.254.169.254)
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; holds a cloud's metadata (192.0.0.192)
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "168.63.129.16/32",  # in no registry: a cloud's metadata, reachable only from within it
    )
)

# Of IPv6 only what IANA has given out as global unicast is public. That leaves out the unspecified and the loopback
# address, those that carry an IPv4 address (compatible, mapped, translated), 64:ff9b:1::/48, 100::/64, 100:0:0:1::/64,
# 5f00::/16 (SRv6), unique local (fc00::/7), link-local (fe80::/10), site-local (fec0::/10) and multicast (ff00::/8).
_GLOBAL_UNICAST = IPv6Network("2000::/3")

# IANA's IPv6 Special-Purpose Address Registry, as far as it lies within global unicast.
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID, anycast
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, given back
        "3fff::/20",  # documentation
    )
)

# The well-known prefix of RFC 6052. Where a network has no IPv4, its DNS gives every IPv4 host this way.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Return True for an address of the open web, False for one of a private network or a special purpose."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_6)
