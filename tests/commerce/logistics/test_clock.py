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


def test_a_part_of_a_budget_ends_with_it_and_what_follows_gets_no_grace() -> None:
    now = [0.0]
    whole = Budget(10.0, clock=lambda: now[0])
    part = whole.part(4.0)
    now[0] = 3.0
    assert (part.left(), whole.grace(0.1)) == (1.0, 8.0)
    whole.stop()
    assert part.left() < 0
    assert (part.grace(0.5), whole.grace(0.5)) == (-1.0, -1.0)


def test_a_processors_budget_does_not_count_waiting() -> None:
    budget = Budget.of_processor(1.0, threads=2)
    time.sleep(0.2)
    waited = budget.used()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert waited < 0.1
    assert 0.1 <= budget.used() < 0.2
