"""The assistant's verb: ask."""

import contextlib
import logging
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from typing import cast

from yunqi.commerce.assistant.config import AssistantConfig
from yunqi.commerce.assistant.engine.answers import REPLACED, SILENT, UNAVAILABLE, answer, summary
from yunqi.commerce.assistant.engine.facts import harmless, lines, sheet
from yunqi.commerce.assistant.engine.grounding import Grounding, sentences
from yunqi.commerce.assistant.engine.prompt import prompt
from yunqi.commerce.assistant.engine.question import intents
from yunqi.commerce.assistant.model import (
    Answered,
    AnswerEvent,
    Citation,
    Complete,
    Done,
    FactSheet,
    Intent,
    NothingToAskAbout,
    Spoken,
    Text,
    Tokens,
)
from yunqi.commerce.catalog import Catalog
from yunqi.kernel import Error, Invalid, Kernel

log = logging.getLogger("yunqi.assistant")

_BY_CODE = "catalog"


class Assistant:
    """Answers questions about products from the catalog's facts only.

    Parameters
    ----------
    catalog
        Where the facts are.
    complete
        A language model for open questions; see `voice`.
    """

    def __init__(self, kernel: Kernel, config: AssistantConfig, *, catalog: Catalog, complete: Complete) -> None:
        self._kernel = kernel
        self.config = config
        self._catalog = catalog
        self._complete = complete

    def ask(
        self, question: str, product_ids: Sequence[str], *, language: str = "en", workspace: str = "default"
    ) -> Iterator[AnswerEvent]:
        """Answer a question about some products; the arguments are checked before the first piece is asked for.

        Returns
        -------
        Iterator
            Citations, pieces of text, and at last `Done`. Closing it early stops the model.

        Raises
        ------
        Invalid
            For an empty or overlong question, too many products, or an unknown language.
        NothingToAskAbout
            When none of the products is in the catalog.
        """
        question = self._checked(question, product_ids, language)
        sheets = self._sheets(product_ids, workspace)
        return self._answer(question, sheets, language, workspace)

    def _checked(self, question: str, product_ids: Sequence[str], language: str) -> str:
        question = question.strip()
        if not question or len(question) > self.config.max_question:
            raise Invalid(f"A question has 1 to {self.config.max_question} characters.", param="question")
        if not 1 <= len(product_ids) <= self.config.max_products:
            raise Invalid(f"Ask about 1 to {self.config.max_products} products.", param="product_ids")
        if language not in SILENT:
            raise Invalid(f"Language {language!r} is unknown; use {' or '.join(SILENT)}.", param="language")
        return question

    def _sheets(self, product_ids: Sequence[str], workspace: str) -> list[FactSheet]:
        products = self._catalog.products(product_ids, workspace=workspace)
        found = [products[product_id] for product_id in dict.fromkeys(product_ids) if product_id in products]
        if not found:
            raise NothingToAskAbout("None of these products is in the catalog.", param="product_ids")
        now = self._kernel.clock()
        return [
            sheet(
                product, [offer.title for offer in self._catalog.promotions_for(product.id, workspace=workspace)], now
            )
            for product in found
        ]

    def _answer(self, question: str, sheets: list[FactSheet], language: str, workspace: str) -> Iterator[AnswerEvent]:
        began = time.perf_counter()
        yield from (Citation(facts.product_id, facts.title, lines(facts)) for facts in sheets)
        said = " ".join(" ".join((facts.title, *lines(facts))) for facts in sheets)
        wanted = intents(question, said, products=len(sheets))
        if wanted == (Intent.ABOUT,) and self.config.use_model:
            done = yield from self._worded(question, sheets, language)
        elif wanted == (Intent.ABOUT,):
            yield Text(summary(sheets, language))
            done = Done(_BY_CODE, Tokens(), "looked_up")
        elif wanted == (Intent.UNKNOWN,):
            yield Text(SILENT[language])
            done = Done(_BY_CODE, Tokens(), "declined")
        else:
            yield Text(answer(wanted, sheets, language))
            done = Done(_BY_CODE, Tokens(), "looked_up")
        self._announce(sheets, language, wanted, done, began, workspace)
        yield done

    def _worded(self, question: str, sheets: list[FactSheet], language: str) -> Generator[AnswerEvent, None, Done]:
        """Let the model speak, passing on each sentence only when it holds; at the first that does not, the facts."""
        told = [harmless(facts) for facts in sheets]
        checked = _Checked(Grounding(told, language))
        speech = self._complete(prompt(question, told, language), self.config.max_tokens)
        with contextlib.closing(cast(Generator[str | Spoken], speech)):
            try:
                for piece in speech:
                    yield from map(Text, checked.take(piece))
                    if checked.objection:
                        break
            except Error as error:
                log.warning("the model could not be asked: %s", error.message)
                yield Text(checked.bridge(UNAVAILABLE[language]) + summary(sheets, language))
                return Done(_BY_CODE, Tokens(), "unavailable")
        tokens = Tokens(checked.spoken.prompt_tokens, checked.spoken.completion_tokens)
        if checked.objection or not checked.passed:
            log.info("the model's words were refused: %s", checked.objection or "no whole sentence")
            yield Text(checked.bridge(REPLACED[language]) + summary(sheets, language))
            return Done(checked.spoken.model, tokens, "replaced")
        return Done(checked.spoken.model, tokens, "worded")

    def _announce(
        self,
        sheets: list[FactSheet],
        language: str,
        wanted: tuple[Intent, ...],
        done: Done,
        began: float,
        workspace: str,
    ) -> None:
        answered = Answered(
            product_ids=tuple(facts.product_id for facts in sheets),
            language=language,
            intents=tuple(intent.value for intent in wanted),
            grounding=done.grounding,
            model=done.model,
            prompt_tokens=done.usage.prompt_tokens,
            completion_tokens=done.usage.completion_tokens,
            milliseconds=round((time.perf_counter() - began) * 1000, 1),
        )
        with self._kernel.store.begin() as tx:
            self._kernel.events.announce(tx, workspace, answered, key=uuid.uuid4().hex)


class _Checked:
    """Holds back what a model says until a sentence is whole and stands against the facts."""

    def __init__(self, grounding: Grounding) -> None:
        self._grounding = grounding
        self._rest = ""
        self.passed = 0
        self.objection: str | None = None
        self.spoken = Spoken(_BY_CODE, 0, 0)

    def take(self, piece: str | Spoken) -> Iterator[str]:
        """Take a piece; yields the sentences that stand, up to the first that does not."""
        if isinstance(piece, Spoken):
            self.spoken = piece
            # What was cut short is left out: "$1.39" may have become "$1.".
            finished = [self._rest] if piece.whole and self._rest.strip() else []
        else:
            finished, self._rest = sentences(self._rest + piece)
        for sentence in finished:
            self.objection = self._grounding.objection(sentence)
            if self.objection:
                return
            self.passed += 1
            yield sentence

    def bridge(self, text: str) -> str:
        """Return ``text`` as a line of its own after what has been said."""
        return f"\n\n{text}\n" if self.passed else f"{text}\n"
