"""Peers of the routing bench, each in a process of its own: ``python peer_routes.py NAME TASK.json MATRIX.npy``.

It imports nothing of Yunqi, so any interpreter that has the peers can run it (the bench's option ``peers`` names one). The task
holds integers: demand, capacity, vehicles, ready, due, service, pairs, seconds, seed. Seconds are CPU seconds of the
whole process where the peer can be told to stop by them; VROOM takes only wall-clock seconds, for two threads, and
commiv a number of iterations, which a short run calibrates.
"""

import datetime
import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Routes = list[list[int]]
PACKAGES = {"pyvrp": "pyvrp", "ortools": "ortools", "vroom": "pyvroom", "hygese": "hygese", "commiv": "commiv"}
PACKAGES |= {"vroom_form": "pyvroom", "rides": "ortools"}
DEAR = 10**7


def pyvrp(task: dict[str, Any], far: Any) -> Routes:
    """Solve by PyVRP, from a plan in force if there is one; fewer vehicles come first for pairs."""
    lib, n = importlib.import_module("pyvrp"), len(far)
    timed = bool(task["due"])

    def window(k: int) -> dict[str, int]:
        return {"tw_early": task["ready"][k], "tw_late": task["due"][k]} if timed else {}

    service = task["service"] or [0] * n
    firsts = {first for first, _ in task["pairs"]}
    seconds = dict(task["pairs"])
    clients = [
        lib.Client(k, delivery=[task["demand"][k]], service_duration=service[k], **window(k))
        for k in range(1, n)
        if not task["pairs"]
    ]
    shipments = [
        lib.Shipment(
            a, seconds[a], pickup_service_duration=service[a], delivery_service_duration=service[seconds[a]],
            amount=[task["demand"][a]], **{f"pickup_{k}": v for k, v in window(a).items()},
            **{f"delivery_{k}": v for k, v in window(seconds[a]).items()},
        )
        for a in sorted(firsts)
    ]  # fmt: skip
    kind = lib.VehicleType(
        task["vehicles"],
        [task["capacity"]],
        0,
        0,
        DEAR if task["pairs"] else 0,
        *([0, task["due"][0]] if timed else []),
    )
    places = [lib.Location(0, 0) for _ in range(n)]
    data = lib.ProblemData(places, clients, [lib.Depot(0)], [kind], [far], [far], shipments=shipments)
    warm = {}
    if task.get("warm"):  # the plan in force, without the new orders: PyVRP inserts them itself
        kind_of = lib.ActivityType.CLIENT
        routes = [[lib.Activity(kind_of, stop - 1) for stop in route] for route in task["warm"]]
        warm["initial_solution"] = lib.Solution(data, [lib.Route(data, route, 0) for route in routes if route])
    begun = time.process_time() if task.get("warm") else 0.0
    result = lib.solve(
        data, stop=lambda best: time.process_time() - begun > task["seconds"], seed=task["seed"], collect_stats=False,
        display=False, **warm,
    )  # fmt: skip
    order, found = sorted(firsts), []
    for route in result.best.routes():
        steps = [getattr(step, "activity", step) for step in route.schedule()]
        stops = []
        for step in steps:
            if step.type == lib.ActivityType.CLIENT:
                stops.append(step.idx + 1)
            elif step.type == lib.ActivityType.PICKUP:
                stops.append(order[step.idx])
            elif step.type == lib.ActivityType.DELIVERY:
                stops.append(seconds[order[step.idx]])
        found.append(stops)
    return found


def ortools(task: dict[str, Any], far: Any) -> Routes:
    """Solve by OR-Tools' routing with guided local search."""
    lib = importlib.import_module("ortools.constraint_solver.pywrapcp")
    enums = importlib.import_module("ortools.constraint_solver.routing_enums_pb2")
    n, m = len(far), task["vehicles"]
    manager = lib.RoutingIndexManager(n, m, 0)
    model = lib.RoutingModel(manager)
    table = far.tolist()
    cost = model.RegisterTransitMatrix(table)
    model.SetArcCostEvaluatorOfAllVehicles(cost)
    demand = task["demand"]
    for first, second in task["pairs"]:
        demand = [*demand]
        demand[second] = -demand[first]
    model.AddDimensionWithVehicleCapacity(
        model.RegisterUnaryTransitVector(demand), 0, [task["capacity"]] * m, True, "load"
    )
    if task["due"]:
        service = task["service"]
        times = [[table[a][b] + service[a] for b in range(n)] for a in range(n)]
        model.AddDimension(model.RegisterTransitMatrix(times), max(task["due"]), 2 * max(task["due"]), False, "time")
        clock = model.GetDimensionOrDie("time")
        for k in range(1, n):
            clock.CumulVar(manager.NodeToIndex(k)).SetRange(task["ready"][k], task["due"][k])
        for v in range(m):
            clock.CumulVar(model.End(v)).SetMax(task["due"][0])
        for first, second in task["pairs"]:
            a, b = manager.NodeToIndex(first), manager.NodeToIndex(second)
            model.AddPickupAndDelivery(a, b)
            model.solver().Add(model.VehicleVar(a) == model.VehicleVar(b))
            model.solver().Add(clock.CumulVar(a) <= clock.CumulVar(b))
    if task["pairs"]:
        model.SetFixedCostOfAllVehicles(DEAR)
    parameters = lib.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.seconds = int(20 * task["seconds"]) + 60
    model.AddSearchMonitor(model.solver().CustomLimit(lambda: time.process_time() > task["seconds"]))
    answer = model.SolveWithParameters(parameters)
    if answer is None:
        return []
    found = []
    for v in range(m):
        at, stops = answer.Value(model.NextVar(model.Start(v))), []
        while not model.IsEnd(at):
            stops.append(manager.IndexToNode(at))
            at = answer.Value(model.NextVar(at))
        found.append(stops)
    return [stops for stops in found if stops]


def vroom(task: dict[str, Any], far: Any) -> Routes:
    """Solve by VROOM at its deepest level, with two threads for half the seconds; fewer vehicles come first for pairs."""
    lib = importlib.import_module("vroom")
    numpy = importlib.import_module("numpy")
    problem = lib.Input()
    problem.set_durations_matrix("car", far.astype(numpy.uint32))
    timed = bool(task["due"])
    service = task["service"] or [0] * len(far)

    def window(k: int) -> dict[str, Any]:
        return {"time_windows": [lib.TimeWindow(task["ready"][k], task["due"][k])]} if timed else {}

    def stop(k: int) -> dict[str, Any]:
        return {"id": k, "location": k, "default_service": service[k]} | window(k)

    costs = lib.VehicleCosts(fixed=DEAR if task["pairs"] else 0)
    for v in range(task["vehicles"]):
        day = {"time_window": lib.TimeWindow(0, task["due"][0])} if timed else {}
        problem.add_vehicle(lib.Vehicle(v + 1, start=0, end=0, capacity=[task["capacity"]], costs=costs, **day))
    for first, second in task["pairs"]:
        ends = [lib.ShipmentStep(**stop(k)) for k in (first, second)]
        problem.add_shipment(*ends, amount=lib.Amount([task["demand"][first]]))
    for k in range(1, len(far) if not task["pairs"] else 0):
        problem.add_job(lib.Job(**stop(k), delivery=[task["demand"][k]]))
    answer = problem.solve(5, nb_threads=2, timeout=datetime.timedelta(seconds=task["seconds"] / 2))
    steps = answer.routes
    jobs = steps[steps["type"].isin(["job", "pickup", "delivery"])]
    return [[int(k) for k in group["id"]] for _, group in jobs.groupby("vehicle_id", sort=False)]


def vroom_form(file: str, seconds: float) -> dict[str, Any]:
    """Solve a document in VROOM's own JSON form; return what VROOM says it costs and how many stops it leaves out."""
    lib = importlib.import_module("vroom")
    answer = lib.Input.from_json(file).solve(5, nb_threads=2, timeout=datetime.timedelta(seconds=seconds / 2))
    summary = answer.to_dict()
    return {"cost": summary["summary"]["cost"], "unassigned": len(summary.get("unassigned", []))}


def rides(file: str, seconds: float) -> dict[str, Any]:
    """Solve shipments with a longest ride, one kind of vehicle and a matrix, in our JSON, by OR-Tools; return what it serves.

    The time on board is a difference of two times of its dimension; a request may be left out at a price above any way.
    """
    lib = importlib.import_module("ortools.constraint_solver.pywrapcp")
    enums = importlib.import_module("ortools.constraint_solver.routing_enums_pb2")
    day = json.loads(Path(file).read_text())
    table, van = day["matrix"]["durations"], day["vehicles"][0]
    at = {place["id"]: k for k, place in enumerate(day["locations"])}
    n, m, until = len(table), van["count"], van["window_s"][1]
    manager = lib.RoutingIndexManager(n, m, at[van["start"]])
    model = lib.RoutingModel(manager)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(table))
    service, load = [0] * n, [0] * n
    halves = [(one, one[name], sign) for one in day["shipments"] for name, sign in (("pickup", 1), ("delivery", -1))]
    for one, half, sign in halves:
        service[at[half["location"]]], load[at[half["location"]]] = half["service_s"], sign * one["load"]
    takes = [[table[a][b] + service[a] for b in range(n)] for a in range(n)]
    model.AddDimension(model.RegisterTransitMatrix(takes), until, until, False, "time")
    model.AddDimensionWithVehicleCapacity(
        model.RegisterUnaryTransitVector(load), 0, [van["capacity"]] * m, True, "load"
    )
    clock, solver = model.GetDimensionOrDie("time"), model.solver()
    for v in range(m):
        clock.SetSpanUpperBoundForVehicle(van["max_time_s"], v)
    for _, half, _ in halves:
        for window in half.get("windows_s", []):
            clock.CumulVar(manager.NodeToIndex(at[half["location"]])).SetRange(*window)
    for one in day["shipments"]:
        a, b = (manager.NodeToIndex(at[one[name]["location"]]) for name in ("pickup", "delivery"))
        model.AddPickupAndDelivery(a, b)
        solver.Add(model.VehicleVar(a) == model.VehicleVar(b))
        solver.Add(clock.CumulVar(a) <= clock.CumulVar(b))
        solver.Add(clock.CumulVar(b) - clock.CumulVar(a) <= one["max_ride_s"] + one["pickup"]["service_s"])
        model.AddDisjunction([a], DEAR)
        model.AddDisjunction([b], DEAR)
    parameters = lib.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.seconds = int(20 * seconds) + 60
    model.AddSearchMonitor(solver.CustomLimit(lambda: time.process_time() > seconds))
    answer = model.SolveWithParameters(parameters)
    served = way = 0
    for v in range(m if answer is not None else 0):
        here = model.Start(v)
        while not model.IsEnd(here):
            onward = answer.Value(model.NextVar(here))
            way += table[manager.IndexToNode(here)][manager.IndexToNode(onward)]
            here = onward
            served += not model.IsEnd(here)
    return {"served": served // 2, "way": way}


FORMS: dict[str, Callable[[str, float], dict[str, Any]]] = {"vroom_form": vroom_form, "rides": rides}
"""Peers that read a document and say themselves what they found."""


def hygese(task: dict[str, Any], far: Any) -> Routes:
    """Solve by HGS-CVRP, whose own clock counts CPU seconds."""
    lib = importlib.import_module("hygese")
    parameters = lib.AlgorithmParameters(timeLimit=task["seconds"], seed=task["seed"], nbIter=2_000_000_000)
    numpy = importlib.import_module("numpy")
    data = {
        "distance_matrix": far.astype(float), "demands": numpy.array(task["demand"]), "num_vehicles": task["vehicles"],
        "vehicle_capacity": task["capacity"], "depot": 0, "service_times": numpy.zeros(len(far)),
    }  # fmt: skip
    return [list(route) for route in lib.Solver(parameters=parameters, verbose=False).solve_cvrp(data).routes]


def commiv(task: dict[str, Any], far: Any) -> Routes:
    """Solve by commiv; a run of a fiftieth of the seconds sets its number of iterations."""
    lib = importlib.import_module("commiv")

    def once(iterations: int) -> Routes:
        if task["due"]:
            answer = lib.solve_vrptw(
                far.tolist(), task["demand"], task["capacity"], task["ready"], task["due"], task["service"],
                seed=task["seed"], iters=iterations,
            )  # fmt: skip
        else:
            answer = lib.solve_cvrp(far.tolist(), task["demand"], task["capacity"], seed=task["seed"], iters=iterations)
        return [list(route) for route in answer.routes]

    count, took = 2000, 0.0
    while took < task["seconds"] / 50 and count < 10**9:
        begun = time.process_time()
        once(count)
        took = time.process_time() - begun
        count *= 2
    return once(max(2000, int(count / 2 / took * (task["seconds"] - time.process_time()))))


PEERS: dict[str, tuple[Callable[[dict[str, Any], Any], Routes], set[str]]] = {
    "pyvrp": (pyvrp, {"cvrp", "vrptw", "pdptw"}),
    "ortools": (ortools, {"cvrp", "vrptw", "pdptw"}),
    "vroom": (vroom, {"cvrp", "vrptw", "pdptw"}),
    "hygese": (hygese, {"cvrp"}),
    "commiv": (commiv, {"cvrp", "vrptw"}),
}


def _routed(name: str, task_file: str, matrix: str) -> dict[str, Any]:
    far = importlib.import_module("numpy").load(matrix)
    routes = PEERS[name][0](json.loads(Path(task_file).read_text()), far)
    return {"routes": [[int(stop) for stop in route] for route in routes]}


def main() -> None:
    """Solve what the command line names and print the answer as JSON.

    It names a peer, a task and a matrix; or one of `FORMS`, a document and CPU seconds.
    """
    name, task_file, other = sys.argv[1:4]
    try:
        version = importlib.metadata.version(PACKAGES[name])
        found = FORMS[name](task_file, float(other)) if name in FORMS else _routed(name, task_file, other)
        found["version"] = version
    except ImportError as error:
        found = {"absent": f"not installed ({error})"}
    print(json.dumps(found | {"cpu": time.process_time()}))


if __name__ == "__main__":
    main()
