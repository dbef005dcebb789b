"""How often the assistant is right: questions made from a real catalog, with the expected fact known beforehand.

Run it with a product feed and an installed model::

    python bench/assistant.py catalog.csv --data-dir var --questions 200 --open 20 --raw 40

It prints one JSON document. The phrases are the second set: the rules were mended with a first one and ran once on
this one before anything was changed, which is the figure in the domain's README; a third comes with the next change.
``raw`` asks the model alone, with the same facts but without rules and checks, for comparison.
"""

import argparse
import collections
import json
import random
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import ChatRequest, Message, Models, ModelsConfig
from yunqi.cloud.studio import Studio, StudioConfig
from yunqi.commerce.assistant import Assistant, AssistantConfig, Done, FactSheet, Text, voice
from yunqi.commerce.assistant.engine.facts import harmless, money, sheet
from yunqi.commerce.assistant.engine.grounding import Grounding, sentences
from yunqi.commerce.assistant.engine.prompt import prompt
from yunqi.commerce.catalog import MIGRATIONS, Catalog, CatalogConfig
from yunqi.kernel import Kernel, KernelConfig

PHRASES = {
    "price": [
        ("en", "price please"),
        ("en", "How much is one?"),
        ("en", "What would one of these run me?"),
        ("en", "Could you give me the cost?"),
        ("zh", "卖多少钱一个？"),
        ("zh", "这个贵不贵"),
    ],
    "size": [
        ("en", "How large is it?"),
        ("en", "Tell me the size"),
        ("en", "how heavy is one package"),
        ("en", "What quantity is in a package?"),
        ("zh", "净含量是多少？"),
        ("zh", "这一份有多少？"),
    ],
    "brand": [
        ("en", "What brand am I looking at?"),
        ("en", "who makes it"),
        ("en", "Is that a private label?"),
        ("zh", "什么品牌的？"),
        ("zh", "是自有品牌吗"),
    ],
    "stock": [
        ("en", "Do you have any left?"),
        ("en", "is it sold out?"),
        ("en", "Could I get this today?"),
        ("zh", "卖完了没有？"),
        ("zh", "有现货吗"),
    ],
    "category": [
        ("en", "What category does it belong to?"),
        ("en", "what type of item is that"),
        ("en", "Under which heading is it listed?"),
        ("zh", "属于什么类别"),
        ("zh", "这是哪种商品？"),
    ],
}
PAIRS = [
    ("en", "Which has the lower price?"),
    ("en", "cheapest one?"),
    ("en", "Where do I spend less?"),
    ("zh", "哪个最便宜"),
    ("zh", "买哪个更省钱？"),
]
UNANSWERABLE = [
    ("en", "Is it gluten free?"),
    ("en", "How much protein is in it?"),
    ("en", "Is it sweet?"),
    ("en", "Where is it from?"),
    ("en", "Do people like it?"),
    ("en", "What does it look like?"),
    ("en", "Can I return it?"),
    ("en", "May a baby have this?"),
    ("en", "How should I store it after opening?"),
    ("en", "What is the capital of Japan?"),
    ("en", "Translate 'good morning' into German."),
    ("en", "What did it cost last year?"),
    ("zh", "含糖吗？"),
    ("zh", "是哪里生产的？"),
    ("zh", "好不好吃？"),
    ("zh", "运费多少？"),
    ("zh", "打开后怎么保存？"),
    ("zh", "给我讲个笑话。"),
]
OPEN = [
    ("en", "Tell me about this product.", 1),
    ("en", "Can you describe it in one sentence?", 1),
    ("en", "What is this?", 1),
    ("en", "Give me a short summary of both.", 2),
    ("zh", "介绍一下这个商品。", 1),
    ("zh", "这个产品怎么样？", 1),
]


@dataclass
class Case:
    """A question and what a right answer must hold; ``expected`` is None when the catalog cannot know."""

    kind: str
    language: str
    question: str
    ids: list[str]
    expected: str | None


def cases(sheets: list[FactSheet], count: int, seed: int) -> Iterator[Case]:
    """Yield about ``count`` look-ups and pairs, and all unanswerable questions twice."""
    choose = random.Random(seed)
    for _ in range(count):
        kind = choose.choice([*PHRASES, "cheapest"])
        if kind == "cheapest":
            pair = choose.sample([facts for facts in sheets if facts.price], 2)
            if pair[0].price == pair[1].price or pair[0].title == pair[1].title:
                continue
            low = min(pair, key=lambda facts: facts.price.amount_minor if facts.price else 0)
            language, question = choose.choice(PAIRS)
            yield Case(kind, language, question, [facts.product_id for facts in pair], low.title)
            continue
        facts = choose.choice(sheets)
        language, question = choose.choice(PHRASES[kind])
        yield Case(kind, language, question, [facts.product_id], expected(kind, facts, language))
    for language, question in UNANSWERABLE * 2:
        yield Case("unanswerable", language, question, [choose.choice(sheets).product_id], None)


def expected(kind: str, facts: FactSheet, language: str) -> str | None:
    """Return the text that a right answer must hold."""
    if kind == "price":
        return money(facts.price) if facts.price else None
    if kind == "stock":
        words = {"en": ("out of stock", "in stock"), "zh": ("缺货", "有货")}
        return words[language][facts.in_stock]
    return {"size": facts.size, "brand": facts.brand, "category": " > ".join(facts.category)}[kind] or None


def is_right(case: Case, text: str) -> bool:
    """Judge an answer: the expected fact is there (for a pair: named first), or it declines when it must."""
    declined = "does not say" in text or "没有说明" in text
    if case.expected is None:
        return declined
    if case.kind == "cheapest":
        return bool(re.match(rf"(The cheapest is |最便宜的是“){re.escape(case.expected)}", text))
    return case.expected in text


def ask(assistant: Assistant, question: str, ids: list[str], language: str) -> tuple[str, Done]:
    """Ask and put the pieces together."""
    text, done = "", None
    for event in assistant.ask(question, ids, language=language):
        text += event.delta if isinstance(event, Text) else ""
        done = event if isinstance(event, Done) else done
    assert done is not None
    return text, done


def measure_rules(assistant: Assistant, found: list[Case]) -> dict[str, object]:
    """Measure accuracy, over-abstention and abstention on what cannot be known."""
    right: collections.Counter[str] = collections.Counter()
    asked: collections.Counter[str] = collections.Counter()
    declined, wrong = 0, []
    for case in found:
        text, done = ask(assistant, case.question, case.ids, case.language)
        kind = case.kind if case.expected is not None or case.kind == "unanswerable" else f"{case.kind}, not in catalog"
        asked[kind] += 1
        right[kind] += is_right(case, text)
        declined += done.grounding == "declined" and case.expected is not None
        if not is_right(case, text):
            wrong.append({"question": case.question, "expected": case.expected, "got": text[:160]})
    known = [kind for kind in asked if kind != "unanswerable"]
    return {
        "look_ups": sum(asked[kind] for kind in known),
        "look_ups_right": sum(right[kind] for kind in known),
        "look_ups_declined_although_known": declined,
        "unanswerable": asked["unanswerable"],
        "unanswerable_declined": right["unanswerable"],
        "by_kind": {kind: f"{right[kind]} of {asked[kind]}" for kind in sorted(asked)},
        "wrong": sorted(wrong, key=lambda case: case["expected"] is not None)[:12],
    }


def measure_open(assistant: Assistant, sheets: list[FactSheet], count: int, seed: int) -> dict[str, object]:
    """Count how open questions ended and show them, for a person to read."""
    choose = random.Random(seed)
    ends: collections.Counter[str] = collections.Counter()
    seconds, shown = [], []
    for number in range(count):
        language, question, products = OPEN[number % len(OPEN)]
        ids = [facts.product_id for facts in choose.sample(sheets, products)]
        began = time.perf_counter()
        text, done = ask(assistant, question, ids, language)
        seconds.append(time.perf_counter() - began)
        ends[done.grounding] += 1
        shown.append({"question": question, "ids": ids, "end": done.grounding, "answer": text})
    seconds.sort()
    return {
        "asked": count,
        "ends": dict(ends),
        "median_seconds": round(seconds[len(seconds) // 2], 2),
        "answers": shown,
    }


def measure_raw(
    models: Models, name: str, found: list[Case], by_id: dict[str, FactSheet], count: int
) -> dict[str, object]:
    """Ask the model alone with the same facts; how many answers hold the fact, and how many hold against all facts."""
    asked, right, held = 0, 0, 0
    for case in [case for case in found if case.kind in ("price", "size", "brand") and case.expected][:count]:
        sheets = [harmless(by_id[product_id]) for product_id in case.ids]
        turns = tuple(Message(turn.role, turn.content) for turn in prompt(case.question, sheets, case.language))
        text = models.chat(name, ChatRequest(turns, max_tokens=96, temperature=0.0, seed=1)).text
        finished, rest = sentences(text + "\n")
        grounding = Grounding(sheets, case.language)
        asked += 1
        right += str(case.expected) in text
        held += not any(grounding.objection(sentence) for sentence in [*finished, rest])
    return {"asked": asked, "holds_the_fact": right, "passes_the_check": held}


def main() -> None:
    """Run the evaluation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feed", type=Path)
    parser.add_argument("--data-dir", type=Path, required=True, help="data folder with the installed model")
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--open", type=int, default=18)
    parser.add_argument("--raw", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Kernel.open(KernelConfig(data_dir=Path(folder))) as kernel,
        Kernel.open(KernelConfig(data_dir=options.data_dir)) as store,
    ):
        kernel.migrate(MIGRATIONS)
        catalog = Catalog(kernel, CatalogConfig())
        catalog.import_products(options.feed)
        models = Models(kernel, ModelsConfig(), hub=Hub(store, HubConfig()))
        config = StudioConfig(default_model=options.model, requests_per_minute=0, tokens_per_minute=0)
        studio = Studio(kernel, config, models=models)
        assistant = Assistant(kernel, AssistantConfig(), catalog=catalog, complete=voice(studio))
        page = catalog.page("", size=500).items
        sheets = [sheet(product, [], kernel.clock()) for product in page if product.price is not None]
        found = list(cases(sheets, options.questions, options.seed))
        result = {
            "rules": measure_rules(assistant, found),
            "open": measure_open(assistant, sheets, options.open, options.seed),
            "raw_model": measure_raw(models, options.model, found, {s.product_id: s for s in sheets}, options.raw),
        }
        models.close()
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
