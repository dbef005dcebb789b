"""The lab's verbs."""

from yunqi.labs.riscv.service.coremark import HOW as HOW_COREMARK
from yunqi.labs.riscv.service.coremark import PUBLISHED as PUBLISHED_COREMARK
from yunqi.labs.riscv.service.coremark import measure as coremark
from yunqi.labs.riscv.service.profile import compare, parameters, profile
from yunqi.labs.riscv.service.ranking import Ranked, ranking, right_pairs, right_winners
from yunqi.labs.riscv.service.riscv import Riscv, own_mix
from yunqi.labs.riscv.service.specint import SpecEstimate, specint

__all__ = [
    "HOW_COREMARK", "PUBLISHED_COREMARK", "Ranked", "Riscv", "SpecEstimate", "compare", "coremark", "own_mix", "parameters",
    "profile", "ranking", "right_pairs", "right_winners", "specint",
]  # fmt: skip
