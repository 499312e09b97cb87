"""The least that a FastAPI route can do: return ready bytes. python -m benchmarks.bare FILE

It listens as `cometgraph serve` does (same loop, same socket, same headers left out), so that only the work differs.
"""

import socket
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response


def create_app(body: bytes) -> FastAPI:
    """An application of one route."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/infer")
    async def infer() -> Response:
        return Response(body, media_type="application/json")

    return app


def main() -> None:
    """The command; prints its address."""
    app = create_app(Path(sys.argv[1]).read_bytes())
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(f"bare route at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, date_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
