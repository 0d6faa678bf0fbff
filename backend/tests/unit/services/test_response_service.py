"""The promises about responses: kept as long as the operator says, and found until then."""

from contextlib import suppress

import pytest

from dragoman.chat import InvalidInput
from dragoman.services.response_service import DAY, ResponseService
from dragoman.storage import KeptResponse, StorageError, Trouble, responses
from dragoman.storage.database import Health, open_database
from tests.support.waiting import wait_until


class World:
    """A clock and a setting that somebody turns."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000
        self.days = 30


@pytest.fixture
def world():
    return World()


@pytest.fixture
def database(tmp_path):
    with open_database(tmp_path) as opened:
        yield opened


def serving(database, world):
    return ResponseService(database, days=lambda: world.days, now=lambda: world.time)


@pytest.fixture
def service(database, world):
    return serving(database, world)


def a_response(id_="resp_1"):
    asked = ({"role": "user", "content": "Hello"},)
    output = ({"type": "message", "role": "assistant", "id": f"msg_{id_}", "content": "Good day"},)
    return KeptResponse(id=id_, body={"id": id_}, asked=asked, output=output)


async def found(service, id_="resp_1"):
    with suppress(InvalidInput):
        return (await service.get(id_)).id == id_
    for asking in (service.get(id_), service.steps(id_), service.delete(id_)):
        with pytest.raises(InvalidInput, match=f"^Response with id '{id_}' not found.$") as refused:
            await asking
        assert refused.value.status == 404
    with pytest.raises(InvalidInput):
        await service.items([f"msg_{id_}"])
    return False


async def test_a_response_is_found_for_as_many_days_as_the_operator_says(service, world):
    await service.keep(a_response())

    assert await found(service)
    world.time += 30 * DAY
    assert await found(service)
    world.time += 1
    assert not await found(service)
    world.days = 31
    assert await found(service), "nothing was purged yet"


async def test_a_shorter_time_counts_for_what_is_there_already(service, world, database):
    await service.keep(a_response())
    world.time += 8 * DAY
    await service.keep(a_response("resp_2"))

    world.days = 7

    assert await service.purge() == 1
    assert not await found(service)
    assert await found(service, "resp_2")


async def test_no_days_keep_nothing(service, world):
    await service.keep(a_response())
    assert service.keeps
    world.time += 1

    world.days = 0

    assert not service.keeps
    assert not await found(service)
    assert await service.purge() == 1


async def test_what_is_over_goes_when_the_server_starts(database, world):
    await serving(database, world).keep(a_response())
    world.time += 31 * DAY
    async with serving(database, world):
        await wait_until(
            lambda: database.read(lambda c: responses.get(c, "resp_1", since=0)), wanted=None
        )


async def test_a_deleted_response_is_not_found(service):
    await service.keep(a_response())
    await service.delete("resp_1")
    assert not await found(service)


class Troubled:
    """A database that had a trouble, which may be over."""

    def __init__(self, database) -> None:
        self.database = database
        self.refuses = True
        self.health = Health(Trouble.FULL, 0, 0)

    async def write(self, job):
        if self.refuses:
            raise StorageError(Trouble.FULL)
        return await self.database.write(job)


async def test_nobody_is_asked_in_vain_while_the_storage_is_in_trouble(database, world):
    troubled = Troubled(database)
    service = serving(troubled, world)

    with pytest.raises(StorageError):
        await service.make_ready()
    troubled.refuses = False
    await service.make_ready()

    def rows(connection):
        return connection.exec_driver_sql("SELECT count(*) FROM responses").scalar()

    assert await database.read(rows) == 0
