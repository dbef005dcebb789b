"""Returns as a survival of order lines: a hazard for each day after the order, raised or lowered for categories and products.

The hazard of a day is the share of the lines still out that come back on it (Nelson 1969, Aalen 1978), so lines that are young
count for what they have been watched. A category's factor on it is drawn to 1, a product's to its category's, by gamma priors
whose strength the data tell (empirical Bayes on the negative binomial of counts; Clayton and Kaldor 1987).
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from yunqi.commerce.logistics.model.returns import OrderLines, ReturnForecast, ReturnReport

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EPOCH = date(1970, 1, 1)
WINDOW = 120
"""Days after the order that are looked at; later returns are taken for none."""
STRENGTHS = np.geomspace(0.5, 2_000, 40)
STEADY = 10.0
"""Returns for which a weekday's factor stands half for itself."""


@dataclass(frozen=True, slots=True)
class Model:
    """The hazards [``WINDOW`` + 1], their sums before each day, factors of products, what those rest on, and of weekdays."""

    hazard: Floats
    summed: Floats
    factor: Floats
    shape: Floats
    weekday: Floats

    def until(self, days: Ints) -> Floats:
        """Return the summed hazard of the first ``days`` days."""
        return np.asarray(self.summed[np.clip(days, 0, WINDOW + 1)])


def fit(lines: OrderLines) -> Model:
    """Fit hazards and factors to what is known."""
    age = np.minimum(lines.age, WINDOW)
    back = (lines.delay >= 0) & (lines.delay <= WINDOW)
    watched = np.where(back, lines.delay, age)
    out = np.bincount(watched, minlength=WINDOW + 1)[::-1].cumsum()[::-1]
    events = np.bincount(lines.delay[back], minlength=WINDOW + 1)
    hazard = events / np.maximum(out, 1)
    summed = np.concatenate([[0.0], hazard.cumsum()])
    exposure = summed[watched + 1]
    of = np.zeros(len(lines.products), np.int64)
    of[lines.product] = lines.category
    came = np.bincount(lines.product, back, len(lines.products)).astype(np.float64)
    meant = np.bincount(lines.product, exposure, len(lines.products)).astype(np.float64)
    kinds, _ = _shrunk(
        _by(of, came, lines.categories), _by(of, meant, lines.categories), np.ones(len(lines.categories))
    )
    factor, shape = _shrunk(came, meant, kinds[of])
    return Model(hazard, summed, factor, shape, _weekdays(lines, hazard, factor))


def _by(of: Ints, values: Floats, names: tuple[str, ...]) -> Floats:
    summed: Floats = np.bincount(of, values, len(names)).astype(np.float64)
    return summed


def _shrunk(count: Floats, expected: Floats, parent: Floats) -> tuple[Floats, Floats]:
    """Return posterior means of factors and the shapes of their gammas; the prior's shape is the likeliest one."""
    mean = np.maximum(parent * expected, 1e-12)
    scores = []
    for strength in STRENGTHS:
        share = strength / (strength + mean)
        score = special.gammaln(count + strength) - special.gammaln(strength) + strength * np.log(share)
        scores.append(float((score + count * np.log1p(-share)).sum()))
    strength = STRENGTHS[int(np.argmax(scores))]
    return parent * (count + strength) / (mean + strength), count + strength


def _weekdays(lines: OrderLines, hazard: Floats, factor: Floats) -> Floats:
    """Return by how much more comes back on each weekday than the hazards say, over the last 16 weeks."""
    seen, meant = np.zeros(7), np.zeros(7)
    for day in range(lines.as_of - 16 * 7 + 1, lines.as_of + 1):
        delay = day - lines.ordered
        there = (delay >= 0) & (delay <= WINDOW) & ((lines.delay < 0) | (lines.delay >= delay))
        meant[(day + 3) % 7] += float((hazard[delay[there]] * factor[lines.product[there]]).sum())
        seen[(day + 3) % 7] += int(((lines.delay >= 0) & (lines.ordered + lines.delay == day)).sum())
    found = (seen + STEADY) / (meant + STEADY)
    return np.asarray(found / found.mean())


def forecast(lines: OrderLines, *, horizon: int, level: float) -> ReturnForecast:
    """Forecast what comes back of the lines that are out; orders yet to come are not counted."""
    model = fit(lines)
    out = np.flatnonzero((lines.delay < 0) & (lines.age <= WINDOW))
    age, factor = lines.age[out], model.factor[lines.product[out]]
    left = factor * (model.until(np.full(len(out), WINDOW + 1)) - model.until(age + 1))
    soon = factor * (model.until(age + 1 + horizon) - model.until(age + 1))
    means, spreads, whole = _daily(lines, out, model, horizon)
    low, high = _bounds(means, spreads, level)
    spread = np.array([means.sum() + float((whole**2 / model.shape).sum())])
    all_low, all_high = _bounds(means.sum(keepdims=True), spread, level)
    first = EPOCH + timedelta(days=lines.as_of + 1)
    return ReturnForecast(
        out, 1 - np.exp(-left), 1 - np.exp(-soon), _mean_delay(model, age), first, means, low, high,
        (float(means.sum()), float(all_low[0]), float(all_high[0])), level, _rates(lines, model),
    )  # fmt: skip


def _daily(lines: OrderLines, out: Ints, model: Model, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Return means and variances of each day's returns, and the means of each product over all days."""
    age, product = lines.age[out], lines.product[out]
    factor, hazard = model.factor[product], np.append(model.hazard, 0.0)
    means, spreads, whole = np.zeros(horizon), np.zeros(horizon), np.zeros(len(lines.products))
    for ahead in range(1, horizon + 1):
        delay = np.minimum(age + ahead, WINDOW + 1)
        still = np.exp(-factor * (model.until(delay) - model.until(age + 1)))
        chance = np.minimum(factor * hazard[delay] * model.weekday[(lines.as_of + ahead + 3) % 7] * still, 1.0)
        grouped = np.bincount(product, chance, len(lines.products))
        whole += grouped
        means[ahead - 1] = chance.sum()
        spreads[ahead - 1] = (chance * (1 - chance)).sum() + (grouped**2 / model.shape).sum()
    return means, spreads, whole


def _bounds(means: Floats, spreads: Floats, level: float) -> tuple[Floats, Floats]:
    """Return quantiles of counts with these means and variances: negative binomial, or Poisson where they are no wider."""
    tail = (1 - level) / 2
    means = np.maximum(means, 1e-9)
    spreads = np.maximum(spreads, means * 1.000001)
    share = means / spreads
    size = means * share / np.maximum(1 - share, 1e-9)
    low, high = stats.nbinom.ppf(tail, size, share), stats.nbinom.ppf(1 - tail, size, share)
    return np.maximum(low, 0.0), np.maximum(high, 0.0)


def _mean_delay(model: Model, age: Ints) -> Floats:
    """Return the mean day of return of those that come back after an age."""
    days = np.arange(WINDOW + 1)
    above = np.append((model.hazard * days)[::-1].cumsum()[::-1], 0.0)
    left = np.append(model.hazard[::-1].cumsum()[::-1], 0.0)
    at = np.minimum(age + 1, WINDOW + 1)
    return np.asarray(np.where(left[at] > 0, above[at] / np.maximum(left[at], 1e-12), 0.0))


def _rates(lines: OrderLines, model: Model) -> tuple[tuple[str, float, int], ...]:
    seen = np.bincount(lines.product, minlength=len(lines.products))
    chance = 1 - np.exp(-model.factor * model.summed[-1])
    order = np.argsort(-chance, kind="stable")
    return tuple((lines.products[k], float(chance[k]), int(seen[k])) for k in order)


def report(lines: OrderLines, *, horizon: int, level: float) -> ReturnReport:
    """Forecast the last days of a history from what was known before them, and compare."""
    cut = lines.as_of - horizon
    known = lines.known_on(cut)
    found = forecast(known, horizon=horizon, level=level)
    rows = np.flatnonzero(lines.ordered <= cut)[found.open]
    came = lines.delay[rows] >= 0
    on = (lines.ordered[rows] + lines.delay[rows])[came] - cut
    daily = np.bincount(on, minlength=horizon + 1)[1 : horizon + 1].astype(float)
    age = cut - lines.ordered[rows]
    by_age = np.bincount(age, found.soon, WINDOW + 1) / np.maximum(np.bincount(age, minlength=WINDOW + 1), 1)
    alike = replace(fit(known), factor=np.ones(len(known.products)), weekday=np.ones(7))
    plain = _daily(known, found.open, alike, horizon)[0]
    within = (daily >= found.low) & (daily <= found.high)
    return ReturnReport(
        len(rows), int(came.sum()), float(found.mean.sum()), horizon, float(within.mean()),
        float(((found.soon - came) ** 2).mean()), float(((by_age[age] - came) ** 2).mean()),
        float(np.abs(found.mean - daily).mean()), float(np.abs(plain - daily).mean()),
    )  # fmt: skip
