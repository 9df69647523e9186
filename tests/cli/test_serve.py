"""`batchlint serve` as a process: its address, errors and cleanup."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.process import posix
from server.processes import serving, stop
from server.processes import upload_without_client as upload
from support import CommandResult, line

Run = Callable[..., CommandResult]


@posix
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_signal_stops_the_server_and_no_files_remain(
    tmp_path: Path, name: str, status: int
) -> None:
    with serving(tmp_path) as (url, process):
        stored = upload(url, line("a"))
        assert stored["bytes"] == len(line("a"))
        assert len([*tmp_path.rglob("*.jsonl")]) == 1

        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=30)

    assert process.returncode == status
    assert [*tmp_path.iterdir()] == []
    assert "responses are canned" in err
    assert "POST /v1/files HTTP/1.1 200" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("host", ["..", "x" * 64, "\udcff"], ids=ascii)
def test_invalid_host_name_is_reported(host: str, run: Run) -> None:
    result = run("serve", "--host", host, "--port=0")

    assert (result.status, result.out) == (2, "")
    assert "port 0: the name is invalid; choose another with --host" in result.err


@posix
def test_port_in_use_is_reported(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        result = run("serve", "--port", str(port))

    assert result.status == 2
    assert result.out == ""
    assert result.err == (
        f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use; "
        "choose another with --host or --port\n"
    )


def test_missing_serve_extra_is_reported_with_the_install_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    for name in [name for name in sys.modules if name.startswith("batchlint.server")]:
        monkeypatch.delitem(sys.modules, name)

    result = run("serve")

    assert result.status == 2
    assert result.err == (
        "Error: batchlint serve needs the package 'starlette'; install it with: "
        "pip install 'batchlint[serve]'\n"
    )


def test_unreadable_outputs_file_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "outputs.jsonl"
    path.touch()
    monkeypatch.setattr("batchlint.server.outputs.numbered_lines", fail)

    result = run("serve", "--outputs", str(path))

    assert (result.status, result.err) == (2, f"Error: cannot read {path}: Permission denied\n")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no devices")
def test_outputs_file_must_be_a_regular_file(run: Run) -> None:
    result = run("serve", "--outputs", "/dev/zero")

    assert (result.status, result.err) == (2, "Error: cannot read /dev/zero: not a regular file\n")


def test_invalid_outputs_file_is_reported_with_the_line_number(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "outputs.jsonl"
    path.write_text("{\n", "utf-8")

    result = run("serve", "--outputs", str(path))

    assert result.status == 2
    assert f"{path}:1: not valid JSON" in result.err


@posix
def test_host_option_allows_other_machines_and_prints_a_warning(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, _):
        assert url.startswith("http://127.0.0.1:")
    with serving(tmp_path, "--host", "0.0.0.0") as (url, process):
        assert url.startswith("http://0.0.0.0:")
        err = stop(process)

    assert "warning: other machines can connect to 0.0.0.0" in err


@posix
def test_no_files_remain_if_the_client_disconnects(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, process):
        with connect(url) as client:
            client.sendall(UPLOAD + line("a") * 100)
            wait_until(lambda: any(tmp_path.rglob("*.jsonl")))
        wait_until(lambda: not any(tmp_path.rglob("*.jsonl")))

        assert upload(url, line("a"))["id"] == "file-batchlint00000000000001"
        err = stop(process)

    assert "Traceback" not in err
    assert [*tmp_path.iterdir()] == []


@posix
@pytest.mark.clients
def test_signal_during_an_upload_stops_the_server_and_no_files_remain(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, process), connect(url) as client:
        client.sendall(UPLOAD + line("a"))
        wait_until(lambda: any(tmp_path.rglob("*.jsonl")))
        err = stop(process)

    assert process.returncode == 143
    assert "Traceback" not in err
    assert [*tmp_path.iterdir()] == []


#: The beginning of an upload request.
UPLOAD = (
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
)


def connect(url: str) -> socket.socket:
    """Connect to a server."""
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    return socket.create_connection((host, int(port)))


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)


@posix
def test_log_contains_nothing_from_request_bodies(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, process):
        upload(url, line("secret-id", input="a secret prompt", bogus=1))
        err = stop(process)

    assert "POST /v1/files" in err
    assert "secret" not in err
