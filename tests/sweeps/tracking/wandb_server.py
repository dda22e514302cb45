"""A W&B server that knows just enough to be talked to, and remembers what it was told."""

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY = {"id": "e1", "name": "clinic"}
PROJECT = {"id": "p1", "name": "medsweep", "entity": ENTITY}
SWEEP = "sw123"


class WandbServer(ThreadingHTTPServer):
    """`calls` holds (operation, variables) of every GraphQL request, `streams` the run's lines."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.streams: list[tuple[str, dict[str, Any]]] = []
        self.uploads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, operation: str) -> list[dict[str, Any]]:
        """The variables of every call of this name."""
        return [variables for name, variables in self.calls if name == operation]

    def lines(self, run: str, file: str) -> list[dict[str, Any]]:
        """What was streamed to a run's file (wandb-history.jsonl, wandb-summary.json)."""
        return [
            json.loads(line)
            for name, body in self.streams
            if name == run
            for line in body.get("files", {}).get(file, {}).get("content", [])
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WandbServer

    def do_GET(self) -> None:
        self._answer({})

    def do_PUT(self) -> None:
        self._body()
        self.server.uploads.append(self.path)
        self._answer({})

    def do_POST(self) -> None:
        body = self._body()
        stream = re.fullmatch(r"/files/[^/]+/[^/]+/([^/]+)/file_stream", self.path)
        if stream:
            self.server.streams.append((stream[1], json.loads(body)))
            self._answer({"exitcode": None, "limits": {}})
        elif self.path == "/graphql":
            self._graphql(json.loads(body))
        else:
            self._answer({})

    def _graphql(self, request: dict[str, Any]) -> None:
        found = re.search(r"(?:query|mutation)\s+(\w+)", request["query"])
        operation, variables = found[1] if found else "", request.get("variables") or {}
        self.server.calls.append((operation, variables))
        self._answer({"data": answer(self.server, operation, variables)})

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _answer(self, data: dict[str, Any]) -> None:
        text = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


def answer(server: WandbServer, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The data of a GraphQL answer; an unknown operation gets none."""
    if operation == "UpsertSweep":
        found = {"name": SWEEP, "project": PROJECT}
        return {"upsertSweep": {"sweep": found, "configValidationWarnings": []}}
    if operation == "UpsertBucket":
        return {"upsertBucket": {"bucket": _bucket(variables), "inserted": True}}
    if operation == "CreateRunFiles":
        files = [{"name": n, "uploadUrl": f"{server.url}/put/{n}"} for n in variables["files"]]
        created = {"runID": "b1", "uploadHeaders": [], "files": files}
        return {"createRunFiles": created}
    if operation == "RunResumeStatus":
        return {"model": {**PROJECT, "bucket": None}}
    if operation == "Viewer":
        viewer = {"id": "u", "entity": "clinic", "username": "me", "email": "", "flags": "{}"}
        return {"viewer": {**viewer, "teams": {"edges": []}}}
    return {}


def _bucket(variables: dict[str, Any]) -> dict[str, Any]:
    name = variables.get("name")
    shown = {"displayName": variables.get("displayName"), "sweepName": variables.get("sweep")}
    config = {"config": variables.get("config"), "description": "", "historyLineCount": 0}
    return {"id": f"b-{name}", "name": name, "project": PROJECT, **shown, **config}


@contextmanager
def wandb_server() -> Iterator[WandbServer]:
    """The server, for as long as the block lasts."""
    server = WandbServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
