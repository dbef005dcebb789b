"""A paper of titled boxes and tables that break over pages, drawn the same byte for byte each time."""

import io
from collections.abc import Sequence

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus.doctemplate import LayoutError

from yunqi.commerce.logistics.engine.customs.papers.fonts import BOLD, PLAIN, is_wide, marked
from yunqi.kernel.errors import Invalid

RULE = ("GRID", (0, 0), (-1, -1), 0.4, colors.grey)


class _Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Writes "page 1 of 3" when it knows how many there are."""

    foot = ""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, object]] = []

    def showPage(self) -> None:  # the name is reportlab's
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 6)
            self.drawString(6 * mm, 4 * mm, f"page {number} of {len(self._pages)}")
            super().showPage()
        super().save()


class Sheet:
    """Collects what a paper says and draws it.

    Parameters
    ----------
    width, height
        Of a page, in millimetres.
    size
        Of the letters, in points.
    """

    def __init__(self, *, width: float, height: float, size: float, margin: float = 10.0) -> None:
        self._page = (width * mm, height * mm)
        self._margin, self._size = margin * mm, size
        self._story: list[Flowable] = []

    @property
    def width(self) -> float:
        """Points between the margins."""
        return float(self._page[0] - 2 * self._margin)

    def text(self, text: str, where: str, *, bold: bool = False, right: bool = False, scale: float = 1.0) -> Paragraph:
        """Return a paragraph; ``where`` names the field for a sign that can't be drawn."""
        size = self._size * scale
        style = ParagraphStyle(
            "cell", fontName=BOLD if bold else PLAIN, fontSize=size, leading=size * 1.25, alignment=2 if right else 0,
            wordWrap="CJK" if is_wide(text) else None, splitLongWords=1,
        )  # fmt: skip
        return Paragraph(marked(text, where).replace("\n", "<br/>"), style)

    def title(self, text: str) -> None:
        """Write a heading."""
        self._story += [self.text(text, "title", bold=True, scale=1.6), Spacer(1, self._size * 0.8)]

    def line(self, text: str, where: str, *, bold: bool = False) -> None:
        """Write a line of its own."""
        self._story += [self.text(text, where, bold=bold), Spacer(1, self._size * 0.4)]

    def boxes(self, boxes: Sequence[tuple[str, str]], *, columns: int = 2) -> None:
        """Write named boxes side by side."""
        cells = [[self.text(name, name, bold=True, scale=0.8), self.text(value or "-", name)] for name, value in boxes]
        while len(cells) % columns:
            cells.append([self.text("", "")])
        rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
        table = Table(rows, colWidths=[self.width / columns] * columns)
        table.setStyle(TableStyle([RULE, ("VALIGN", (0, 0), (-1, -1), "TOP")]))
        self._story += [table, Spacer(1, self._size * 0.8)]

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        shares: Sequence[float],
        numbers: Sequence[int],
        last: int = 0,
    ) -> None:
        """Write a table, its head on every page, the columns ``numbers`` set to the right and the ``last`` rows bold."""
        body = [[self.text(name, name, bold=True, right=k in numbers, scale=0.9) for k, name in enumerate(head)]]
        for at, row in enumerate(rows):
            bold = at >= len(rows) - last
            body.append(
                [self.text(cell, f"{head[k]} {at + 1}", bold=bold, right=k in numbers) for k, cell in enumerate(row)]
            )
        widths = [self.width * share / sum(shares) for share in shares]
        table = Table(body, colWidths=widths, repeatRows=1)
        table.setStyle(
            TableStyle([RULE, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)])
        )
        self._story += [table, Spacer(1, self._size * 0.8)]

    def pdf(self, *, title: str) -> bytes:
        """Return the paper's bytes."""
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=self._page, title=title, author="", leftMargin=self._margin, rightMargin=self._margin,
            topMargin=self._margin, bottomMargin=self._margin, invariant=1,
        )  # fmt: skip
        try:
            document.build(self._story, canvasmaker=_Numbered)
        except LayoutError as error:
            raise Invalid(
                "a text is longer than a page of this paper; shorten the longest description, address or notes", "lines"
            ) from error
        return out.getvalue()
