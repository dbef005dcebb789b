"""`yunqi keys`: API keys."""

from typing import Annotated

import typer

from yunqi.app.application import OpenApp
from yunqi.app.cli.output import AsJson
from yunqi.kernel import SCOPES, Key
from yunqi.kernel.printing import print_json, print_table


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)

    @app.command()
    def create(
        name: Annotated[str, typer.Argument(help="What the key is for, as 'till 3'.")],
        scope: Annotated[list[str], typer.Option(help=f"One of: {', '.join(SCOPES)}. Repeat for more.")] = ["read"],  # noqa: B006
        workspace: Annotated[str, typer.Option(help="The tenant it belongs to.")] = "default",
        as_json: AsJson = False,
    ) -> None:
        """Make a key; its secret is shown this once. Example: yunqi keys create 'nightly import' --scope shop"""
        with open_app() as opened:
            key, secret = opened.kernel.auth.create_key(workspace, name, frozenset(scope))
        if as_json:
            print_json({**_shown(key), "secret": secret})
        else:
            print(secret)

    @app.command("list")
    def list_(workspace: Annotated[str, typer.Option(help="The tenant.")] = "default", as_json: AsJson = False) -> None:
        """List keys; secrets are never shown again."""
        with open_app() as opened:
            rows = [_shown(key) for key in opened.kernel.auth.list_keys(workspace)]
        if as_json:
            print_json({"keys": rows})
        else:
            print_table(rows, empty="There are no keys. Make one with `yunqi keys create NAME`.")

    @app.command()
    def revoke(
        key_id: Annotated[int, typer.Argument(help="The id that `yunqi keys list` shows.")],
        workspace: Annotated[str, typer.Option(help="The tenant.")] = "default",
        as_json: AsJson = False,
    ) -> None:
        """Make a key useless."""
        with open_app() as opened:
            opened.kernel.auth.revoke(workspace, key_id)
        print_json({"revoked": key_id}) if as_json else print(f"Key {key_id} is revoked.")

    @app.command()
    def usage(
        by: Annotated[str, typer.Option(help="day, model or key.")] = "day",
        workspace: Annotated[str, typer.Option(help="The tenant.")] = "default",
        as_json: AsJson = False,
    ) -> None:
        """Show what keys used. Example: yunqi keys usage --by model"""
        with open_app() as opened:
            found = opened.kernel.usage.report(workspace, by=by)
        rows = [{by: row.key, "meter": row.meter, "quantity": row.quantity} for row in found]
        print_json({"rows": rows}) if as_json else print_table(rows, empty="Nothing was used yet.")

    return app


def _shown(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": ",".join(sorted(key.scopes)),
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
