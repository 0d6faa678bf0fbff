"""The errors of the framework's routes, its own (404, 405, 422) too, in the words of all others."""

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from dragoman.api.errors import Problem, problem_of, tell_problem
from dragoman.chat import DragomanError


def speak_one_language(app: FastAPI, explain: Callable[[Exception], Problem] = problem_of) -> None:
    """Have `app` answer errors like every other route; `explain` says what a client is told."""

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        message = f"{error.detail}: {request.method} {request.url.path}"
        problem = Problem(error.status_code, "INVALID_REQUEST", "validation", message)
        return _answer(request, problem, dict(error.headers or {}))

    @app.exception_handler(DragomanError)
    async def tell(request: Request, error: DragomanError) -> Response:
        problem = explain(error)
        request.state.record.fail(problem.reason)
        return _answer(request, problem, {})

    @app.exception_handler(Exception)
    async def apologise(request: Request, error: Exception) -> Response:
        # The framework raises it again once it is told, so that it ends in the log.
        return _answer(request, explain(error), {})

    @app.exception_handler(RequestValidationError)
    async def complain(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(step) for step in first["loc"][1:])
        problem = Problem(
            422,
            "INVALID_REQUEST",
            "validation",
            f"{field}: {first['msg']}",
            detail={"field": field},
        )
        return _answer(request, problem, {})


def _answer(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    told = tell_problem(problem, request_id=request.state.request_id, tongue=request.state.tongue)
    named = {name.decode(): value.decode() for name, value in told.headers}
    return Response(
        told.body,
        status_code=told.status,
        headers={**named, **headers},
        media_type="application/json",
    )
