"""Addresses that are keys: for one port of one user, no longer than the login, and not too many."""

from __future__ import annotations

from host.tickets import IDLE_S, MOST, Tickets


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_is_for_its_user_and_port_and_is_given_again_for_the_same() -> None:
    tickets = Tickets()
    mine = tickets.issue("alice", 80, None)
    assert len(mine) == 43
    assert tickets.issue("alice", 80, None) == mine
    assert len({mine, tickets.issue("alice", 81, None), tickets.issue("bob", 80, None)}) == 3
    found = tickets.find(mine)
    assert found is not None and (found.uid, found.port) == ("alice", 80)
    assert tickets.find(mine[:-1]) is None and tickets.find("") is None


def test_a_ticket_ends_when_nobody_uses_it_and_with_its_login() -> None:
    clock, wall = Clock(), Clock()
    tickets = Tickets(clock, wall)
    used, idle, expiring = (tickets.issue("alice", port, 2000.0 if port == 3 else None) for port in (1, 2, 3))
    clock.now += IDLE_S - 1
    assert tickets.find(used) and tickets.find(expiring)
    clock.now += 2
    tickets.sweep()
    assert tickets.find(used) and tickets.find(idle) is None
    wall.now = 2000.0
    assert tickets.find(expiring) is None
    assert tickets.issue("alice", 3, None) != expiring


def test_a_user_has_so_many_tickets_and_takes_none_of_anybody_else() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    others = tickets.issue("bob", 1, None)
    mine = []
    for port in range(1, MOST + 2):
        clock.now += 1
        mine.append(tickets.issue("alice", port, None))
    assert [tickets.find(one) is None for one in mine] == [True] + [False] * MOST
    assert tickets.find(others)
