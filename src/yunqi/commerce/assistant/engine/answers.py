"""Answers by code: every word of them is a fact or a computation on facts."""

from collections.abc import Callable, Sequence

from yunqi.commerce.assistant.engine.facts import money, per_unit
from yunqi.commerce.assistant.model import FactSheet, Intent

SILENT = {"en": "The catalog does not say.", "zh": "商品目录中没有说明。"}
REPLACED = {
    "en": "The model's wording did not hold against the catalog, so here are the facts themselves.",
    "zh": "模型的表述与商品目录不符，以下是目录中的事实。",
}
UNAVAILABLE = {
    "en": "The language model is not available just now; these are the catalog's facts.",
    "zh": "语言模型暂时不可用，以下是商品目录中的事实。",
}
_BY_FACTS = {"en": "By the catalog's facts:", "zh": "根据商品目录："}
_STOP = {"en": ".", "zh": "。"}


def answer(intents: Sequence[Intent], sheets: Sequence[FactSheet], language: str) -> str:
    """Answer a look-up."""
    parts = [_WRITERS[intent](sheets, language) for intent in intents if intent in _WRITERS]
    return ("\n" if len(sheets) > 1 else " " if language == "en" else "").join(parts) or SILENT[language]


def summary(sheets: Sequence[FactSheet], language: str) -> str:
    """Return the facts of each product in a line."""
    rows = []
    for facts in sheets:
        details = [money(facts.price) if facts.price else "", facts.size, facts.brand]
        details.append(_STOCK[language][facts.in_stock])
        rows.append(f"{facts.title}: {', '.join(detail for detail in details if detail)}{_STOP[language]}")
    return "\n".join(rows)


def described(facts: FactSheet, language: str) -> str:
    """Return all facts of a product as sentences."""
    intents = [Intent.PRICE, Intent.SIZE, Intent.BRAND, Intent.CATEGORY, Intent.STOCK]
    intents += [Intent.PROMOTION] if facts.promotions else []
    known = {Intent.SIZE: facts.size, Intent.BRAND: facts.brand, Intent.CATEGORY: facts.category}
    return answer([intent for intent in intents if known.get(intent, True)], [facts], language)


def comparisons(sheets: Sequence[FactSheet], language: str) -> tuple[str, ...]:
    """Return what can be computed over several products: these sentences may be repeated, others of their kind not."""
    if len(sheets) < 2:
        return ()
    found = (_cheapest(sheets, language), _unit_prices(sheets, language))
    return tuple(line for line in found if line != SILENT[language])


_STOCK = {"en": {True: "in stock", False: "out of stock"}, "zh": {True: "有货", False: "缺货"}}
_NOT_SAID = {
    "en": "The catalog does not say {what} of {title}.",
    "zh": "商品目录没有说明“{title}”的{what}。",
}
_WHAT = {
    "en": {"price": "the price", "size": "the size", "brand": "the brand", "category": "the category"},
    "zh": {"price": "价格", "size": "规格", "brand": "品牌", "category": "类别"},
}
_SAID = {
    "en": {
        "price": "{title} costs {value}.",
        "sale": "{title} is on sale for {value} instead of {regular}.",
        "size": "The size of {title} is {value}.",
        "brand": "The brand of {title} is {value}.",
        "category": "{title} is in the category {value}.",
        "stock": "{title} is {value}.",
        "promotion": "Promotions for {title}: {value}.",
        "no_promotion": "There is no promotion for {title}.",
        "cheapest": "The cheapest is {title} at {value}.",
        "others": "Then come: {value}.",
        "same": "They cost the same: {value}.",
        "unit": "{title} costs {value}.",
        "best": "The lowest unit price is that of {title}.",
    },
    "zh": {
        "price": "“{title}”的价格是{value}。",
        "sale": "“{title}”正在促销，现价{value}，原价{regular}。",
        "size": "“{title}”的规格是{value}。",
        "brand": "“{title}”的品牌是{value}。",
        "category": "“{title}”属于{value}。",
        "stock": "“{title}”{value}。",
        "promotion": "“{title}”的促销：{value}。",
        "no_promotion": "“{title}”没有促销。",
        "cheapest": "最便宜的是“{title}”，{value}。",
        "others": "其次：{value}。",
        "same": "它们价格相同：{value}。",
        "unit": "“{title}”单价为{value}。",
        "best": "单价最低的是“{title}”。",
    },
}


def _join(rows: Sequence[str], language: str) -> str:
    return "\n".join(rows) if len(rows) > 1 else "".join(rows) or SILENT[language]


def _say(language: str, form: str, facts: FactSheet, value: str, **more: str) -> str:
    return _SAID[language][form].format(title=facts.title, value=value, **more)


def _each(name: str) -> Callable[[Sequence[FactSheet], str], str]:
    def write(sheets: Sequence[FactSheet], language: str) -> str:
        rows = []
        for facts in sheets:
            value = " > ".join(facts.category) if name == "category" else str(getattr(facts, name))
            missing = _NOT_SAID[language].format(what=_WHAT[language][name], title=facts.title)
            rows.append(_say(language, name, facts, value) if value else missing)
        return _join(rows, language)

    return write


def _prices(sheets: Sequence[FactSheet], language: str) -> str:
    rows = []
    for facts in sheets:
        if facts.price is None:
            rows.append(_NOT_SAID[language].format(what=_WHAT[language]["price"], title=facts.title))
        elif facts.regular_price is not None:
            rows.append(_say(language, "sale", facts, money(facts.price), regular=money(facts.regular_price)))
        else:
            rows.append(_say(language, "price", facts, money(facts.price)))
    return _join(rows, language)


def _stock(sheets: Sequence[FactSheet], language: str) -> str:
    return _join([_say(language, "stock", facts, _STOCK[language][facts.in_stock]) for facts in sheets], language)


def _promotions(sheets: Sequence[FactSheet], language: str) -> str:
    rows = []
    for facts in sheets:
        if facts.price is not None and facts.regular_price is not None:
            rows.append(_say(language, "sale", facts, money(facts.price), regular=money(facts.regular_price)))
        if facts.promotions:
            rows.append(_say(language, "promotion", facts, "; ".join(facts.promotions)))
        elif facts.regular_price is None:
            rows.append(_say(language, "no_promotion", facts, ""))
    return _join(rows, language)


def _cheapest(sheets: Sequence[FactSheet], language: str) -> str:
    priced = [(facts.price, facts) for facts in sheets if facts.price is not None]
    if len({price.currency for price, _ in priced}) != 1:
        return SILENT[language]
    if len(sheets) == 1:
        return _prices(sheets, language)
    priced.sort(key=lambda pair: pair[0].amount_minor)
    (lowest, first), *others = priced
    if others and all(price == lowest for price, _ in others):
        return _say(language, "same", first, money(lowest))
    text = _say(language, "cheapest", first, money(lowest))
    listed = "; ".join(f"{facts.title} {money(price)}" for price, facts in others)
    return f"{text} {_say(language, 'others', first, listed)}" if listed else text


def _unit_prices(sheets: Sequence[FactSheet], language: str) -> str:
    known = [(facts.unit_price, facts) for facts in sheets if facts.unit_price is not None]
    rows = [_say(language, "unit", facts, per_unit(price)) for price, facts in known]
    if not rows:
        return SILENT[language]
    if len(known) == len(sheets) > 1 and len({(price.unit, price.currency) for price, _ in known}) == 1:
        rows.append(_say(language, "best", min(known, key=lambda pair: pair[0].hundredths)[1], ""))
    return _join(rows, language)


def _compared(sheets: Sequence[FactSheet], language: str) -> str:
    return "\n".join([_BY_FACTS[language], summary(sheets, language), *comparisons(sheets, language)])


_WRITERS: dict[Intent, Callable[[Sequence[FactSheet], str], str]] = {
    Intent.PRICE: _prices,
    Intent.CHEAPEST: _cheapest,
    Intent.UNIT_PRICE: _unit_prices,
    Intent.SIZE: _each("size"),
    Intent.STOCK: _stock,
    Intent.BRAND: _each("brand"),
    Intent.CATEGORY: _each("category"),
    Intent.PROMOTION: _promotions,
    Intent.COMPARE: _compared,
}
