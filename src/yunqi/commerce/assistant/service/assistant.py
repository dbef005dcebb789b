"""The assistant's verb: ask."""

import contextlib
import logging
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from typing import cast

from yunqi.commerce.assistant.config import AssistantConfig
from yunqi.commerce.assistant.engine.answers import REPLACED, SILENT, UNAVAILABLE, answer, summary
from yunqi.commerce.assistant.engine.facts import lines, sheet
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
        wanted = intents(question, said)
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
        grounding = Grounding(sheets, language)
        rest, passed = "", 0
        spoken = Spoken(_BY_CODE, 0, 0)
        speech = self._complete(prompt(question, sheets, language), self.config.max_tokens)
        with contextlib.closing(cast(Generator[str | Spoken], speech)):
            try:
                for piece in speech:
                    if isinstance(piece, Spoken):
                        spoken, piece = piece, "\n"
                    finished, rest = sentences(rest + piece)
                    for sentence in finished:
                        if objection := grounding.objection(sentence):
                            log.info("a sentence was refused: %s", objection)
                            yield Text(_bridge(passed, REPLACED[language]) + summary(sheets, language))
                            return Done(spoken.model, _tokens(spoken), "replaced")
                        passed += 1
                        yield Text(sentence)
            except Error as error:
                log.warning("the model could not be asked: %s", error.message)
                yield Text(_bridge(passed, UNAVAILABLE[language]) + summary(sheets, language))
                return Done(_BY_CODE, Tokens(), "unavailable")
        return Done(spoken.model, _tokens(spoken), "worded")

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


def _bridge(passed: int, text: str) -> str:
    return f"{chr(10) * 2 if passed else ''}{text}\n"


def _tokens(spoken: Spoken) -> Tokens:
    return Tokens(spoken.prompt_tokens, spoken.completion_tokens)
