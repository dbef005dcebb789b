"""Whether a sentence holds against the facts: its prices, its numbers, its claims and its words."""

import re
from collections.abc import Sequence

from yunqi.commerce.assistant.engine.answers import SILENT, comparisons, described
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
_ABSENT = re.compile(r"\bout of stock|\bsold out|\bunavailable|\bnot (?:currently )?(?:available|in stock)|缺货|无货")
_PRESENT = re.compile(r"\bin stock|\bavailable|有货|现货")
_OFFER = re.compile(r"\b(?:sale|discount\w*|deals?|promotion\w*|offers?|coupons?|regular price)\b|促销|折扣|优惠|原价")
_FREE = re.compile(r"\b(?:free|gratis)\b|免费")
_WORD = re.compile(r"[a-z][a-z'-]{2,}")
_GLUE_TEXT = (
    "the and for with are this that these those both each one two three product products item items price prices "
    "priced cost costs costing size sizes sized brand brands branded category categories stock available "
    "availability currently regular unit per has have its they them their from you your can here there which "
    "while other first second third sale now not catalog does say says promotion promotions name named called "
    "belongs belong comes come falls under listed offered sold made option options type kind pack package "
    "packaged weighs weight was were will also but all only part into out buy choose description facts "
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
        computed = " ".join(comparisons(sheets, language)).casefold()
        self._computed = {sentence.strip().rstrip(".。") for sentence in sentences(computed + "\n")[0]}
        self._texts = [f"{_words_of(facts)} {described(facts, language).casefold()}" for facts in sheets]
        self._all = " ".join([*self._texts, computed])

    def objection(self, sentence: str) -> str | None:
        """Return why a sentence does not hold, or None when it does."""
        said = sentence.casefold().strip()
        if not said or said.rstrip(".。") in self._computed:
            return None
        if self._silent.casefold() in said:
            return "the facts do say something"
        checks = (self._prices, self._figures, self._stock, self._offers)
        meant = self._meant(said)
        for check in checks:
            if objection := check(said, meant):
                return objection
        return self._claims(said) or self._words(said)

    def _prices(self, said: str, meant: Sequence[FactSheet]) -> str | None:
        allowed = set().union(*(_prices_of(facts) for facts in meant))
        for groups in _MONEY.findall(said):
            figure = next(group for group in groups if group)
            if figure not in allowed:
                return f"the price {figure} is not one of the product's"
        return None

    def _figures(self, said: str, meant: Sequence[FactSheet]) -> str | None:
        allowed = {str(i) for i in range(1, len(self._sheets) + 1)}
        for facts, text in zip(self._sheets, self._texts, strict=True):
            allowed |= set(_NUMBER.findall(text)) if facts in meant else set()
        unknown = [figure for figure in _NUMBER.findall(said) if figure not in allowed]
        return f"the number {unknown[0]} is not in the facts" if unknown else None

    def _stock(self, said: str, meant: Sequence[FactSheet]) -> str | None:
        absent = _ABSENT.search(said) is not None
        present = _PRESENT.search(_ABSENT.sub(" ", said)) is not None
        states = {facts.in_stock for facts in meant}
        if (absent and False not in states) or (present and True not in states):
            return "the availability is another"
        if absent != present and len(states) == 2:
            return "the products' availability differs"
        return None

    def _offers(self, said: str, meant: Sequence[FactSheet]) -> str | None:
        if _OFFER.search(said) and not any(facts.regular_price or facts.promotions for facts in meant):
            return "there is no offer"
        return None

    def _claims(self, said: str) -> str | None:
        for found in (*TOPICS.finditer(said), *_FREE.finditer(said)):
            if found.group() not in self._all:
                return f"{found.group()!r} is a claim the facts do not make"
        found_comparative = _COMPARATIVE.search(said)
        return f"{found_comparative.group()!r} compares, and only code may" if found_comparative else None

    def _words(self, said: str) -> str | None:
        everything = set(_WORD.findall(said))
        anchored = any(len(word) > 3 and word in self._all for word in everything) or _PRESENT.search(said)
        if not anchored and not _NUMBER.search(said):
            return "it says nothing that is in the facts"
        words = everything - _GLUE
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
