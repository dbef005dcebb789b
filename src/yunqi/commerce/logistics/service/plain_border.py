"""Answers of the border as plain values, for commands and routes alike."""

import hashlib
from typing import Any

from yunqi.commerce.logistics.model.customs import LandedCost
from yunqi.commerce.logistics.model.nomenclature import Suggestion
from yunqi.kernel.clock import iso


def landed_document(found: LandedCost, table: bytes) -> dict[str, Any]:
    """Return every amount in minor units, with what it was reckoned from, their sum, and which duty table it was."""
    return {
        "currency": found.currency, "total": found.total,
        "costs": [{"name": cost.name, "amount": cost.amount, "because": cost.because} for cost in found.costs],
        "table": {"sha256": hashlib.sha256(table).hexdigest()},
    }  # fmt: skip


def suggestion_document(found: Suggestion) -> dict[str, Any]:
    """Return a suggestion with its reasons as plain values."""
    return {
        "text": found.text, "version": found.version, "answer": found.answer, "why": found.why,
        "is_decided": found.is_decided, "is_calibrated": found.is_calibrated,
        "candidates": [
            {
                "code": one.code,
                "confidence": round(one.confidence, 4),
                "path": [{"code": step.code, "text": step.text} for step in one.path],
                "words": [{"word": word, "from": code} for word, code in one.words],
                "precedents": [
                    {
                        "id": str(before.id), "text": before.text, "by": before.by, "why": before.why,
                        "at": iso(before.at), "likeness": likeness,
                    }
                    for before, likeness in one.precedents
                ],
            }
            for one in found.candidates
        ],
    }  # fmt: skip
