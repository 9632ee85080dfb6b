"""serve: the functions over HTTP, for Excel on Mac and the web and for the task pane."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import guarded, json_option, project_option
from revalign_udf.cli.output import console
from revalign_udf.cli.requests import beside
from revalign_udf.config import load
from revalign_udf.errors import UserError
from revalign_udf.excel.office import ADDIN_PORT, FOLDER, assets
from revalign_udf.server import Certificate, Issuer, SignIn, create_app, local_certificate, serve
from revalign_udf.server.guard import LOOPBACK
from revalign_udf.server.running import HOST
from revalign_udf.server.tls import trust_steps

__all__ = ["serve_command"]

#: holds the token callers must bear; made anew at each start when it is not set
TOKEN_VARIABLE = "REVALIGN_TOKEN"  # noqa: S105 - the name of the variable


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None,
    help=f"Port; {ADDIN_PORT} with HTTPS of its own, else any free one.",
)  # fmt: skip
@click.option("--demo", type=click.Path(path_type=Path), help="Folder of a sample company to answer from beside it.")
@click.option("--tls", is_flag=True, help="HTTPS with a certificate for this machine, made once and kept.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="HTTPS with this certificate (PEM) ...")
@click.option("--tls-key", type=click.Path(path_type=Path), help="... and its key (PEM).")
@click.option("--listen", default=HOST, show_default=True, help="Address to listen at.")
@click.option(
    "--behind-proxy", metavar="ADDRESSES", default="",
    help="HTTPS ends at a proxy; take its word on the caller. Addresses of proxies, with commas between.",
)  # fmt: skip
@click.option("--host-name", "host_names", multiple=True, help="A name it answers to besides loopback; repeatable.")
@click.option("--work", is_flag=True, help="Also carry out the refreshes and closes asked for in the task pane.")
@click.option("--url", help="The address people use, where it is another one (a proxy's): for the manifest.")
@project_option
@json_option
@guarded
def serve_command(
    port: int | None, demo: Path | None, tls: bool, tls_cert: Path | None, tls_key: Path | None, listen: str,
    behind_proxy: str, host_names: tuple[str, ...], work: bool, url: str | None, project: Path, as_json: bool,
) -> None:  # fmt: skip
    """Run the server for Excel on Mac and the web, and for the task pane, until interrupted.

    Callers must bear the token in $REVALIGN_TOKEN, or the one printed here; with a sign-in in [server] of the settings
    a token of that instead. With --json one line is printed when the server is ready: {"base_url", "token", "pane",
    "manifest"}.
    """
    settings = load(project)
    certificate = _certificate(tls, tls_cert, tls_key)
    if listen not in LOOPBACK and certificate is None and not behind_proxy:
        raise UserError(
            f"At {listen} others can listen in on numbers and tokens.",
            hint="Add --tls-cert and --tls-key, or --behind-proxy with the proxy's address.",
        )
    said = settings.server
    sign_in = SignIn(Issuer(said.issuer, said.audience, said.jwks_url, said.roles_claim)) if said.issuer else None
    token = os.environ.get(TOKEN_VARIABLE) or (None if sign_in else secrets.token_urlsafe(32))
    files: dict[str, tuple[str, bytes]] = {}
    app = create_app(
        settings.folder, token, hosts=LOOPBACK | set(said.host_names) | set(host_names), demo=demo, assets=files,
        sign_in=sign_in, origins=said.origins,
    )  # fmt: skip
    if port is None:
        port = ADDIN_PORT if certificate else 0

    def ready(base_url: str) -> None:
        _say(url or base_url, token, certificate, demo=demo is not None, as_json=as_json)

    def bound(base_url: str) -> None:
        files.update(assets(url or base_url))

    with beside(settings.folder) if work else nullcontext():
        serve(app, port, ready, host=listen, certificate=certificate, proxies=behind_proxy, bound=bound)
    console.print("Ended.") if not as_json else None


def _certificate(tls: bool, cert: Path | None, key: Path | None) -> Certificate | None:
    if (cert is None) != (key is None):
        raise UserError(
            "A certificate needs its key, and a key its certificate.", hint="Give --tls-cert and --tls-key."
        )
    if cert is not None and key is not None:
        if tls:
            raise UserError("--tls makes a certificate, --tls-cert names one.", hint="Leave one of them out.")
        return Certificate(cert, key).sound()
    return local_certificate() if tls else None


def _say(base_url: str, token: str | None, certificate: Certificate | None, *, demo: bool, as_json: bool) -> None:
    pane = f"{base_url}{FOLDER}pane.html" + (f"#token={token}" if token else "")
    manifest = f"{base_url}{FOLDER}manifest.xml"
    if as_json:
        told: dict[str, Any] = {"base_url": base_url, "token": token, "pane": pane, "manifest": manifest}
        click.echo(json.dumps(told))
        return
    console.print(f"Revalign answers at {base_url}{' (live and demo)' if demo else ''}", markup=False, soft_wrap=True)
    console.print(f"Token    {token or 'that of the sign-in in [server]'}", markup=False, soft_wrap=True)
    console.print(f"Pane     {pane}", markup=False, soft_wrap=True)
    console.print(f"Manifest {manifest}", markup=False, soft_wrap=True)
    if certificate and certificate.authority:
        console.print("Trust its certificate once:", markup=False)
        console.print(f"    {trust_steps(certificate.authority)}", markup=False, soft_wrap=True)
    elif not base_url.startswith("https:"):
        console.print("Excel loads add-ins from HTTPS only: add --tls. The pane works in a browser.", markup=False)
    console.print("Ctrl-C ends it.")
