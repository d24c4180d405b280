"""Which addresses may be connected to: none that leads to this host, its network, or a cloud's own."""

from __future__ import annotations

import ipaddress
import random

import pytest

from sessions.addresses import DENIED, refusal

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "fec0::1",
    "feff::1",
    "ff00::1",
    "ff02::1",
    "ff05::2",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "151.101.0.223",
    "169.253.255.255",
    "169.255.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.0.3.1",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "168.63.129.15",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700::1111",
    "2a04:4e42::223",
    "3ffe::1",
]

SPELLINGS = [
    "\n2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1.",
    "",
    "127.0.0.1%lo",
    "fe80::1%eth0",
    "[::1]",
    "::1/128",
    "1.2.3",
    "１２７.0.0.1",
    "①27.0.0.1\nlocalhost",
    "1.2.3.4.5",
    "256.1.1.1",
    ":::1",
    "1::2::3",
    "0000127.0.0.1",
    "-1",
    "1e3",
    "127.0.0.1\x00",
    "8.8.8.8\n\n",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_public_is_refused_with_a_reason(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize("address", [spelling for spelling in SPELLINGS if spelling.strip()])
def test_what_is_not_a_plain_address_is_refused(address: str) -> None:
    assert refusal(address)


def test_every_range_is_refused_from_its_first_address_to_its_last() -> None:
    for networks in DENIED.values():
        for network in map(ipaddress.ip_network, networks):
            assert refusal(str(network[0]))
            assert refusal(str(network[-1]))


def test_nothing_passes_that_python_itself_calls_private() -> None:
    chance = random.Random(7)
    for _ in range(20_000):
        for address in (ipaddress.IPv4Address(chance.getrandbits(32)), ipaddress.IPv6Address(chance.getrandbits(128))):
            if address.is_private or address.is_loopback or address.is_link_local or address.is_reserved:
                assert refusal(str(address)), address
