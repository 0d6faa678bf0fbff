"""Responses in the database: kept, found, forgotten. Each function is a job.

A response holds what was said in its own request alone, and goes on from `previous`. One that is
forgotten loses its id, and stays without it while another goes on from it.
"""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import asdict
from sqlalchemy import RowMapping, delete, exists, insert, select, update
from sqlalchemy.engine import Connection

from dragoman.chat import JsonObject
from dragoman.storage.records import KeptResponse, Step
from dragoman.storage.schema import response_items, responses

_r: Final = responses.c
_i: Final = response_items.c
_later: Final = responses.alias("later")
_FORGOTTEN: Final = {"id": None, "body": None, "receipts": None}


def keep(connection: Connection, response: KeptResponse, *, after: Sequence[Step] = ()) -> None:
    """Store a response that goes on from the last of `after`; steps gone meanwhile are put back.

    One of the same id is forgotten: whoever asks for it next means this one.
    """
    forget(connection, response.id)
    facts = asdict(response)
    facts["body"] = {**response.body, "output": None}  # its place, for the order of the fields
    seq = _add(connection, **facts, previous=_standing(connection, after, response.created_at))
    named = [
        {"response": seq, "place": place, "id": item["id"]}
        for place, item in enumerate(response.output)
        if isinstance(item.get("id"), str)
    ]
    if named:
        connection.execute(insert(response_items), named)


def _standing(connection: Connection, steps: Sequence[Step], created_at: int) -> int | None:
    """Give the number of the last step, after storing those anew that are not there any more."""
    there = set(
        connection.execute(select(_r.seq).where(_r.seq.in_([step.seq for step in steps]))).scalars()
    )
    last: int | None = None
    for step in steps:
        if step.seq in there:
            last = step.seq
        else:
            said = {"asked": step.asked, "output": step.output}
            last = _add(connection, **said, previous=last, created_at=created_at)
    return last


def _add(connection: Connection, **values: object) -> int:
    added = connection.execute(insert(responses).values(values))
    (seq,) = added.inserted_primary_key or (0,)
    return int(seq)


def get(connection: Connection, response_id: str, *, since: int) -> KeptResponse | None:
    """Give a response; `None` if there is none, or it was stored before `since`."""
    found = select(responses).where(_r.id == response_id, _r.created_at >= since)
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else _response(row)


def steps(connection: Connection, response_id: str, *, since: int) -> tuple[Step, ...]:
    """Give the way to a response, the first request first and its own last; empty like `get`."""
    last = select(_r.seq, _r.previous).where(_r.id == response_id, _r.created_at >= since)
    way = last.cte("way", recursive=True)
    way = way.union_all(
        select(_later.c.seq, _later.c.previous).join(way, _later.c.seq == way.c.previous)
    )
    # A response is stored after the one it goes on from, so that their numbers give the order.
    found = connection.execute(
        select(_r.seq, _r.asked, _r.output).join(way, way.c.seq == _r.seq).order_by(_r.seq)
    )
    return tuple(Step(row.seq, row.asked, row.output) for row in found)


def items(connection: Connection, ids: Collection[str], *, since: int) -> dict[str, JsonObject]:
    """Find items of answers by their ids, in responses that `get` would give.

    Of several with one id, the latest is meant.
    """
    found = connection.execute(
        select(_i.id, _i.place, _r.output)
        .join(responses, _r.seq == _i.response)
        .where(_i.id.in_(ids), _r.id.is_not(None), _r.created_at >= since)
        .order_by(_r.seq)
    )
    return {row.id: row.output[row.place] for row in found}


def forget(connection: Connection, response_id: str) -> bool:
    """Take a response away; False if there is no such one."""
    done = connection.execute(update(responses).where(_r.id == response_id).values(_FORGOTTEN))
    _clear(connection)
    return done.rowcount > 0


def purge(connection: Connection, *, before: int) -> int:
    """Take away what was stored before a moment; tell how many responses there were."""
    done = connection.execute(
        update(responses).where(_r.created_at < before, _r.id.is_not(None)).values(_FORGOTTEN)
    )
    _clear(connection)
    return done.rowcount


def probe(connection: Connection) -> None:
    """Write something and take it back: that goes wrong if nothing can be stored."""
    _add(connection, created_at=0, asked=(), output=())
    _clear(connection)


def _clear(connection: Connection) -> None:
    """Delete for good what is forgotten and what nothing goes on from."""
    goes_on = exists().where(_later.c.previous == _r.seq)
    last = delete(responses).where(_r.id.is_(None), ~goes_on)
    while connection.execute(last).rowcount:
        pass


def _response(row: RowMapping) -> KeptResponse:
    return KeptResponse(
        id=row["id"],
        created_at=row["created_at"],
        body={**row["body"], "output": list(row["output"])},
        asked=row["asked"],
        output=row["output"],
        receipts=row["receipts"],
    )
