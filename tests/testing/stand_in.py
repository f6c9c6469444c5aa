"""The least server that keeps a promise: a line per event in one file, synced before it answers.

It has the commands of Bonafide that drills use. With LIES=1 in the environment it answers before it syncs, with
RUDE=1 it ends with another exit code than promised, with STAYS=1 its worker outlives it, and of the answers that
AWAY names, or of all, it says to come again: tests of the drills see that they see it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

LOG = "journal.db"
LIES = os.environ.get("LIES") == "1"


def mark(event_id: str, seq: int) -> str:
    """The digest that this server gives."""
    return hashlib.sha256(f"{event_id} {seq}".encode()).hexdigest()


def lines_of(data: Path) -> list[dict[str, Any]]:
    """Whole lines of the log; what follows the last whole line is cut off."""
    path = data / LOG
    text = path.read_bytes() if path.exists() else b""
    whole = text[: text.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


class Keeper:
    """The log and what it says of each id."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.lock = (data / "lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("another server has this data directory", file=sys.stderr)
            raise SystemExit(4) from None
        found = lines_of(data)
        self.known = {event["event_id"]: (seq, event) for seq, event in enumerate(found)}
        self.file = (data / LOG).open("r+b" if (data / LOG).exists() else "w+b", buffering=0)
        self.file.truncate(sum(len(json.dumps(event)) + 1 for event in found))
        self.file.seek(0, 2)

    def take(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        event_id = event["event_id"]
        if event_id in self.known:
            seq, before = self.known[event_id]
            if before != event:
                return 409, {"event_id": event_id, "status": 409}
        else:
            seq = len(self.known)
            self.known[event_id] = (seq, event)
            try:
                self.file.write(json.dumps(event).encode() + b"\n")
                if not LIES:
                    os.fdatasync(self.file.fileno())
            except OSError as error:
                print(f"the log cannot be kept: {error}", file=sys.stderr, flush=True)
                os._exit(4)
        if event["type"] != "payment":
            return 202, {"event_id": event_id, "seq": seq, "status": "taught"}
        return 200, {"event_id": event_id, "seq": seq, "digest": mark(event_id, seq)}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Status and answer to a request."""
        if method == "POST":
            event = json.loads(body)
            return (200, [self.take(one)[1] for one in event]) if isinstance(event, list) else self.take(event)
        name = path.rsplit("/", 1)[1]
        if path.startswith("/v1/decisions/"):
            if os.environ.get("AWAY") in ("all", name):
                return 503, {}
            return self.take(self.known[name][1]) if name in self.known else (404, {})
        return 200, {}


def leave_worker(data: Path) -> None:
    """A child that holds the worker's lock until it is killed."""
    with (data / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fork() == 0:
            os.close(1)  # who reads the server's lines is to see their end with it
            signal.alarm(60)  # at the latest, where nobody kills it
            signal.pause()


async def serve(data: Path, port: int) -> None:
    """Until SIGTERM."""
    keeper, over = Keeper(data), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, path, _ = head.split(" ", 2)
                length = next((int(x.split(":")[1]) for x in head.lower().split("\r\n") if "content-length" in x), 0)
                status, told = keeper.answer(method, path, await reader.readexactly(length))
                body = json.dumps(told, separators=(",", ":")).encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port)
    asyncio.get_running_loop().add_signal_handler(15, over.set)
    print(f"ready http://127.0.0.1:{port}", flush=True)
    await over.wait()
    server.close()
    if os.environ.get("RUDE") == "1":
        os._exit(7)


def main() -> None:
    """As `bonafide`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="+")
    for option in ("--data", "--out", "--port", "--role"):
        parser.add_argument(option)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    data = Path(asked.data)
    match asked.words:
        case ["serve"]:
            if os.environ.get("STAYS") == "1":
                data.mkdir(parents=True, exist_ok=True)
                leave_worker(data)
            asyncio.run(serve(data, int(asked.port)))
        case ["access", "key", "create"]:
            print(json.dumps({"key": "bf_k_s", "key_id": "k"}))
        case ["journal", "export"]:
            Path(asked.out).write_text("".join(json.dumps(event) + "\n" for event in lines_of(data)))
        case ["backup"]:
            shutil.copytree(data, asked.out)
        case ["restore", kept]:
            shutil.copytree(kept, data)


if __name__ == "__main__":
    main()
