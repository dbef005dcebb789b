"""``yunqi logistics hs-classify`` and its like: tariff codes, and the people who decide them."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.model.papers import Paper
from yunqi.commerce.logistics.service.files import read_rows, read_text, write_bytes
from yunqi.commerce.logistics.service.plain_border import suggestion_document
from yunqi.kernel.printing import print_json, print_table

Workspace = Annotated[str, typer.Option(help="Whose nomenclature and decisions.")]
Who = Annotated[str, typer.Option(help="Who does it; by default who is logged in.")]


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of tariff classification and of customs papers."""
    add_papers(app, open_app)

    @app.command(
        "hs-load", help='Load a nomenclature. Example: yunqi logistics hs-load hs.csv --version "HS 2022" --source WCO'
    )
    def load(
        file: Annotated[Path, typer.Argument(help="CSV with the columns code and text (or description).")],
        version: Annotated[str, typer.Option(help="Its name.")],
        source: Annotated[str, typer.Option(help="Where it comes from; shown in answers.")],
        workspace: Workspace = "default",
        who: Who = "",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            text = read_text(file, "a nomenclature as CSV")
            desk = opened.logistics.classification
            found = desk.load(text, version=version, source=source, workspace=workspace, who=who or _me())
        document = {"version": found.version, "lines": len(found.positions), "declarable": len(found.declarable())}
        if as_json:
            print_json(document)
        else:
            Console().print(
                f"{found.version}: {len(found.positions)} lines, {len(found.declarable())} to declare under"
            )

    @app.command(
        "hs-classify", help='Suggest codes. Example: yunqi logistics hs-classify "men\'s cotton T-shirt" --top 3 --json'
    )
    def classify(
        text: Annotated[str, typer.Argument(help="The product, or a CSV file with the columns id and text.")],
        top: Annotated[int, typer.Option(help="How many codes.")] = 5,
        version: Annotated[str | None, typer.Option(help="The nomenclature; by default the one in force.")] = None,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.classification
            if text.endswith(".csv"):
                products = [(name, words) for name, words in _rows(Path(text), ("id", "text"))]
                found = desk.classify_all(products, top=top, version=version, workspace=workspace)
                names = [name for name, _ in products]
            else:
                found, names = [desk.classify(text, top=top, version=version, workspace=workspace)], [""]
        rows = [{"id": name} | suggestion_document(one) for name, one in zip(names, found, strict=True)]
        if as_json:
            print_json(rows if text.endswith(".csv") else suggestion_document(found[0]))
            return
        for row in rows:
            Console().print(f"{row['id']} {row['text']}: {row['answer'] or 'a person decides'} ({row['why']})")
            print_table([_line(one) for one in row["candidates"]], empty="")

    @app.command("hs-queue", help="Show what waits for a person. Example: yunqi logistics hs-queue --limit 20")
    def queue(
        limit: Annotated[int, typer.Option(help="The most rows.")] = 100,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            rows = opened.logistics.classification.queue(workspace=workspace, limit=limit)
        if as_json:
            print_json(rows)
        else:
            print_table(rows, empty="nothing waits")

    @app.command(
        "hs-decide", help='Decide a code. Example: yunqi logistics hs-decide sku-7 610910 --why "knitted, cotton"'
    )
    def decide(
        product: Annotated[str, typer.Argument(help="Id of the product.")],
        code: Annotated[str, typer.Argument(help="The code; dots and spaces don't count.")],
        why: Annotated[str, typer.Option(help="The reason; it is kept.")],
        text: Annotated[str | None, typer.Option(help="The product's text, when it never waited.")] = None,
        workspace: Workspace = "default",
        who: Who = "",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.classification
            made = desk.decide(product, code, who=who or _me(), why=why, text=text, workspace=workspace)
        if as_json:
            print_json(made)
        else:
            Console().print(f"{product} is {made['code']}, decided by {made['decided_by']}")

    @app.command(
        "hs-import",
        help='Keep decisions made elsewhere. Example: yunqi logistics hs-import old.csv --why "from the ERP"',
    )
    def import_decisions(
        file: Annotated[Path, typer.Argument(help="CSV with the columns id, text, code.")],
        why: Annotated[str, typer.Option(help="Where they come from; it is kept.")],
        workspace: Workspace = "default",
        who: Who = "",
        as_json: AsJson = False,
    ) -> None:
        rows = _rows(file, ("id", "text", "code"))
        with open_app() as opened:
            desk = opened.logistics.classification
            kept = desk.decide_all([(a, b, c) for a, b, c in rows], who=who or _me(), why=why, workspace=workspace)
        if as_json:
            print_json({"decisions": kept})
        else:
            Console().print(f"{kept} decisions kept")

    @app.command("hs-decisions", help="List every decision. Example: yunqi logistics hs-decisions --json")
    def decisions(workspace: Workspace = "default", as_json: AsJson = False) -> None:
        with open_app() as opened:
            rows = opened.logistics.classification.decisions(workspace=workspace)
        if as_json:
            print_json(rows)
        else:
            print_table(rows, empty="no decisions")

    @app.command(
        "hs-disagreements",
        help="Show where people and suggestions differ. Example: yunqi logistics hs-disagreements --json",
    )
    def disagreements(workspace: Workspace = "default", as_json: AsJson = False) -> None:
        with open_app() as opened:
            found = opened.logistics.classification.disagreements(workspace=workspace)
        if as_json:
            print_json(found)
            return
        share = found["overruled_share"]
        Console().print(
            f"{found['decisions']} decisions; suggestions overruled: {'-' if share is None else f'{share:.0%}'}"
        )
        print_table(found["overruled"], empty="")
        for dispute in found["disputed"]:
            print_table(dispute["decisions"], empty="")


def _line(one: dict[str, object]) -> dict[str, object]:
    path, words = one["path"], one["words"]
    last = path[-1]["text"] if isinstance(path, list) else ""
    named = ", ".join(word["word"] for word in words) if isinstance(words, list) else ""
    return {"code": one["code"], "confidence": one["confidence"], "text": last, "words": named}


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [tuple(row.text(name) for name in columns) for row in read_rows(path, columns)]


def _me() -> str:
    return getpass.getuser()


def add_papers(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the command that makes papers."""

    @app.command(
        help="Make a customs paper. Example: yunqi logistics documents shipment.json --kind cn23 --out cn23.pdf"
    )
    def documents(
        shipment: Annotated[Path, typer.Argument(help="The shipment as JSON.")],
        out: Annotated[Path, typer.Option(help="The PDF to write.")],
        kind: Annotated[Paper, typer.Option(help="Which paper.")] = Paper.INVOICE,
        duties: Annotated[
            Path | None, typer.Option(help="Your duty table, for duties and taxes on the invoice.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.papers
            read = desk.read(shipment)
            if duties is not None:
                read = desk.with_duties(read, opened.logistics.depot.read_duties(duties))
            made = desk.make(read, kind)
        write_bytes(out, made)
        document = {
            "file": str(out), "kind": kind.value, "bytes": len(made), "currency": read.currency, "total": read.total,
            "net_g": read.net_g, "gross_g": read.gross_g,
        }  # fmt: skip
        if as_json:
            print_json(document)
        else:
            Console().print(f"{out}: {kind.value} of {len(read.lines)} lines, {read.net_g} g net, {len(made)} bytes")
