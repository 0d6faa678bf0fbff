"""Two workers at one listening socket, in one process: each takes its share."""

import socket

import pytest

from dragoman.cli.accepting import AHEAD, Accepting, Shares
from tests.support.waiting import wait_until


class Worker:
    """Takes connections, and keeps them."""

    def __init__(self, number: int, listener: socket.socket, shares: Shares) -> None:
        self.connections: list[socket.socket] = []
        self.accepting = Accepting(
            [listener.dup()], self.take, lambda: len(self.connections), shares=shares, worker=number
        )

    async def take(self, connection: socket.socket) -> None:
        self.connections.append(connection)

    def close(self) -> None:
        self.accepting.end()
        for connection in self.connections:
            connection.close()


async def all_taken(workers: list[Worker], wanted: int) -> None:
    async def taken() -> int:
        return sum(len(worker.connections) for worker in workers)

    await wait_until(taken, wanted)


@pytest.mark.parametrize("present", [1, 2])
async def test_connections_that_come_at_once_are_shared(present):
    shares = Shares(3)  # the last never begins, and nobody waits for it
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        workers = [Worker(number, listener, shares) for number in range(present)]
        for worker in workers:
            worker.accepting.begin()
        clients = [socket.create_connection(listener.getsockname()) for _ in range(100)]
        await all_taken(workers, 100)
        counts = [len(worker.connections) for worker in workers]
        for end in (*clients, *workers):
            end.close()
    assert max(counts) - min(counts) <= AHEAD + 1


async def test_one_that_should_go_first_and_does_not_keeps_nobody_waiting():
    shares = Shares(2)
    shares.is_ahead(1, 0)  # it has nothing, and takes nothing
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        one = Worker(0, listener, shares)
        one.accepting.begin()
        clients = [socket.create_connection(listener.getsockname()) for _ in range(20)]
        await all_taken([one], 20)
        for client in clients:
            client.close()
        one.close()


def test_who_is_away_is_waited_for_by_nobody():
    shares = Shares(2)
    assert not shares.is_ahead(0, 50)
    assert not shares.is_ahead(1, 0)
    assert shares.is_ahead(0, 50)
    shares.leave(1)
    assert not shares.is_ahead(0, 50)
