"""The `batchlint serve` command."""

from __future__ import annotations

from pathlib import Path

import click

from .parameters import ProviderName
from .printing import print_all, print_message


@click.command(short_help="Serve the Batch API for tests.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8000,
    show_default=True,
    help="Listen on this port. 0 chooses a free port.",
)
@click.option(
    "--provider",
    metavar="NAME",
    type=ProviderName(),
    default="openai",
    show_default=True,
    help="Apply the checks of this service. `batchlint provider` lists the services.",
)
@click.option(
    "--outputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take responses from FILE, by custom_id. FILE has the format of the API's output file. "
    "Requests without a response in FILE get canned responses.",
)
def serve(host: str, port: int, provider: str, outputs: Path | None) -> None:
    """Serve the Batch API's file and batch routes on this machine.

    Set OPENAI_BASE_URL to the printed address to test any OpenAI client offline. Uploads and
    batches are checked. Requests get canned responses; no model is called. Files are kept in a
    temporary directory, which is removed when the server stops.
    """
    try:
        from ..server import create_app
        from ..server.outputs import read_outputs
        from ..server.run import base_url, is_loopback, listen, run
    except ModuleNotFoundError as error:
        raise click.ClickException(str(error)) from None
    try:
        results = read_outputs(outputs) if outputs is not None else {}
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot read {outputs}: {error.strerror}") from None
    try:
        listener = listen(host, port)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # Python appends the address.
        raise click.ClickException(
            f"cannot listen on {host}, port {port}: {reason}; choose another with --host or --port"
        ) from None
    with listener:
        if not is_loopback(listener):
            print_message(
                f"warning: other machines can connect to {host}, and there is no authentication"
            )
        print_all([f"{base_url(listener)}\n"])
        print_message("responses are canned; no model is called. Stop with Ctrl-C.")
        run(create_app(results, provider), listener)
