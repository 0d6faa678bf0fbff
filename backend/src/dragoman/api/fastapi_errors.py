"""The errors of the framework's routes, its own (404, 405, 422) too, in the words of all others."""

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from dragoman.api.errors import Problem, Tongue, problem_body, problem_of
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
        headers = {name.decode(): value.decode() for name, value in problem.headers}
        return _answer(request, problem, headers)

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
    tongue: Tongue | None = request.state.tongue
    request_id: str = request.state.request_id
    if tongue is None:
        status, body = problem.status, problem_body(problem, request_id=request_id)
    else:
        status, body = tongue.status(problem), tongue.body(problem, request_id=request_id)
    return Response(body, status_code=status, headers=headers, media_type="application/json")
