"""Budgets of wall time and of processor time."""

import time

from yunqi.commerce.logistics.service.clock import Budget


def test_a_budget_goes_by_the_clock_it_is_given() -> None:
    now = [100.0]
    budget = Budget(10.0, 1.0, clock=lambda: now[0])
    _, share = budget.span(reserve=1.0, least=0.5)
    now[0] += 4.0
    assert (budget.used(), budget.left(), share()) == (5.0, 5.0, 0.5)
    budget.stop()
    assert share() == -1.0


def test_a_processors_budget_does_not_count_waiting() -> None:
    budget = Budget.of_processor(1.0, threads=2)
    time.sleep(0.2)
    waited = budget.used()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert waited < 0.1
    assert 0.1 <= budget.used() < 0.2
