"""The independent judge of robot plans: shares nothing with the searches but the nouns."""

import itertools

from yunqi.commerce.logistics.model.robots import Cell, RobotPlan, RobotProblem


def violations(problem: RobotProblem, plan: RobotPlan) -> list[str]:
    """Return what a plan breaks, in words: steps that are none, two robots in one cell or changing places, goals missed."""
    wrong = []
    if set(plan.paths) != {robot.id for robot in problem.robots}:
        return ["not every robot has a path"]
    for robot in problem.robots:
        path = plan.paths[robot.id]
        if not path or path[0] != robot.start:
            wrong.append(f"robot {robot.id} does not begin at its start")
        for step, (here, there) in enumerate(itertools.pairwise(path), 1):
            if abs(here[0] - there[0]) + abs(here[1] - there[1]) > 1 or not problem.grid.is_free(there):
                wrong.append(f"robot {robot.id}, step {step}: {list(here)} to {list(there)} is no step")
        if robot.goal is not None and path[-1] != robot.goal:
            wrong.append(f"robot {robot.id} ends at {list(path[-1])}")
    wrong += _meetings(plan)
    return wrong + (_errands(problem, plan) if problem.errands else _sums(plan))


def _at(path: tuple[Cell, ...], step: int) -> Cell:
    return path[min(step, len(path) - 1)]


def _meetings(plan: RobotPlan) -> list[str]:
    wrong = []
    for step in range(max(map(len, plan.paths.values()))):
        there: dict[Cell, str] = {}
        moved: dict[tuple[Cell, Cell], str] = {}
        for name, path in plan.paths.items():
            cell = _at(path, step)
            if cell in there:
                wrong.append(f"step {step}: robots {there[cell]} and {name} are both at {list(cell)}")
            there[cell] = name
            before = _at(path, step - 1) if step else cell
            if before != cell and (cell, before) in moved:
                wrong.append(f"step {step}: robots {moved[cell, before]} and {name} change places")
            moved[before, cell] = name
    return wrong


def _sums(plan: RobotPlan) -> list[str]:
    arrivals = []
    for path in plan.paths.values():
        step = len(path) - 1
        while step and path[step - 1] == path[-1]:
            step -= 1
        arrivals.append(step)
    if (sum(arrivals), max(arrivals)) != (plan.total, plan.makespan):
        return [
            f"the steps are {sum(arrivals)} in all and {max(arrivals)} at most, not {plan.total} and {plan.makespan}"
        ]
    return []


def _errands(problem: RobotProblem, plan: RobotPlan) -> list[str]:
    wrong = []
    errands = {errand.id: errand for errand in problem.errands}
    if sorted([*(one.errand for one in plan.served), *plan.open]) != sorted(errands):
        wrong.append("not every errand is either done or told as open")
    busy: dict[str, list[tuple[int, int]]] = {}
    for one in plan.served:
        errand, path = errands[one.errand], plan.paths[one.robot]
        if one.picked < errand.release or one.dropped < one.picked:
            wrong.append(f"errand {one.errand}: steps {one.picked} and {one.dropped} are out of order")
        if _at(path, one.picked) != errand.pickup or _at(path, one.dropped) != errand.drop:
            wrong.append(f"errand {one.errand}: robot {one.robot} is elsewhere")
        busy.setdefault(one.robot, []).append((one.picked, one.dropped))
    for robot, spans in busy.items():
        spans.sort()
        if any(before[1] > after[0] for before, after in itertools.pairwise(spans)):
            wrong.append(f"robot {robot} carries two things at once")
    total = sum(one.dropped - errands[one.errand].release for one in plan.served)
    if total != plan.total or plan.makespan != max((one.dropped for one in plan.served), default=0):
        wrong.append(f"the errands take {total} steps, not {plan.total}")
    return wrong
