"""The framework's own errors (404, 405, 422) in the same words as all others."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from dragoman.api.errors import Problem, problem_body


def speak_one_language(app: FastAPI) -> None:
    """Have `app` answer its own errors like every other route."""

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        message = f"{error.detail}: {request.method} {request.url.path}"
        problem = Problem(error.status_code, "INVALID_REQUEST", "validation", message)
        return _answer(request, problem, dict(error.headers or {}))

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
    return Response(
        problem_body(problem, request_id=request.state.request_id),
        status_code=problem.status,
        headers=headers,
        media_type="application/json",
    )
