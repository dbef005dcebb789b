"""Whether a sentence holds against the facts: its prices, its numbers, its claims and its words."""

import re
from collections.abc import Sequence

from yunqi.commerce.assistant.engine.answers import SILENT, comparisons
from yunqi.commerce.assistant.engine.facts import lines, money, per_unit
from yunqi.commerce.assistant.engine.question import TOPICS
from yunqi.commerce.assistant.model import FactSheet

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MONEY = re.compile(
    r"(?:[$€£¥]|\b(?:USD|EUR|GBP|CNY)\s?)(\d+(?:[.,]\d+)*)|(\d+(?:[.,]\d+)*)\s?(?:USD|EUR|GBP|CNY|dollars?|cents?|美元|元|块)"
    r"|\b(\d+\.\d{2})\b",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"\b(?:cheap\w*|expensive|larger|smaller|bigger|heavier|lighter|lower|lowest|higher|highest|more|less|most|least|"
    r"better|best|greater|twice|half|double|same)\b|便宜|更贵|最贵|更大|更小|更多|更少|最好|更好|一样|相同|划算|两倍|一半",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z][a-z'-]{2,}")
_GLUE_TEXT = (
    "the and for with are this that these those both each one two three product products item items price prices "
    "priced cost costs costing size sizes sized brand brands branded category categories stock available "
    "availability currently regular unit per has have its they them their from you your can here there which "
    "while other first second third sale now not catalog does say says promotion promotions name named called "
    "belongs belong comes come falls under listed offered sold made option options type kind pack package "
    "packaged weighs weight was were will also but all only part into out offers buy choose description facts "
    "fact according question answer includes include different difference differ between shop store department "
    "about it's is in of"
)
_GLUE = frozenset(_GLUE_TEXT.split())
_NOVEL_SHARE = 0.25
_SENTENCE_END = re.compile(r"(?<=[!?。！？])|(?<=[.])(?=\s)|(?<=\n)")


def sentences(text: str) -> tuple[list[str], str]:
    """Split a growing text into its finished sentences and the rest."""
    *finished, rest = _SENTENCE_END.split(text)
    return [sentence for sentence in finished if sentence], rest


class Grounding:
    """Checks sentences against the facts of some products."""

    def __init__(self, sheets: Sequence[FactSheet], language: str) -> None:
        self._sheets = sheets
        self._silent = SILENT[language].rstrip(".。")
        self._computed = " ".join(comparisons(sheets, language)).casefold()
        self._texts = [_words_of(facts) for facts in sheets]
        self._all = " ".join([*self._texts, self._computed])
        self._numbers = set(_NUMBER.findall(self._all)) | {str(i) for i in range(1, len(sheets) + 1)}

    def objection(self, sentence: str) -> str | None:
        """Return why a sentence does not hold, or None when it does."""
        said = sentence.casefold().strip()
        if not said or self._silent.casefold() in said or said.rstrip(".。") in self._computed:
            return None
        return self._prices(said) or self._figures(said) or self._claims(said) or self._words(said)

    def _prices(self, said: str) -> str | None:
        allowed = set().union(*(_prices_of(facts) for facts in self._meant(said)))
        for groups in _MONEY.findall(said):
            figure = next(group for group in groups if group)
            if figure not in allowed:
                return f"the price {figure} is not one of the product's"
        return None

    def _figures(self, said: str) -> str | None:
        unknown = [figure for figure in _NUMBER.findall(said) if figure not in self._numbers]
        return f"the number {unknown[0]} is not in the facts" if unknown else None

    def _claims(self, said: str) -> str | None:
        for found in (*TOPICS.finditer(said), *_COMPARATIVE.finditer(said)):
            if found.group() not in self._all or _COMPARATIVE.fullmatch(found.group()):
                return f"{found.group()!r} is a claim the facts do not make"
        return None

    def _words(self, said: str) -> str | None:
        words = set(_WORD.findall(said)) - _GLUE
        novel = {word for word in words if word.rstrip("s") not in self._all}
        if novel and (len(novel) > 2 or len(novel) > _NOVEL_SHARE * len(words)):
            return f"{', '.join(sorted(novel))} are not words of the facts"
        return None

    def _meant(self, said: str) -> Sequence[FactSheet]:
        """Return the one product that a sentence clearly names, or all."""
        words = set(_WORD.findall(said))
        shared = [len(words & set(_WORD.findall(facts.title.casefold()))) for facts in self._sheets]
        best = max(shared, default=0)
        named = [facts for facts, score in zip(self._sheets, shared, strict=True) if score == best]
        return named if len(named) == 1 and best else self._sheets


def _words_of(facts: FactSheet) -> str:
    return " ".join([facts.title, *lines(facts)]).casefold()


def _prices_of(facts: FactSheet) -> set[str]:
    texts = [money(price) for price in (facts.price, facts.regular_price) if price is not None]
    if facts.unit_price is not None:
        texts.append(per_unit(facts.unit_price))
    texts += [*facts.promotions, facts.size]
    return {figure for text in texts for figure in _NUMBER.findall(text)}
