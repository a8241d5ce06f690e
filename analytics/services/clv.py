"""What a customer will be worth: BG/NBD for how often people buy, Gamma-Gamma for how much.

Fader, Hardie, Lee: "Counting Your Customers the Easy Way" (2005), equations 6 and 10; Fader, Hardie: "The Gamma-Gamma
Model of Monetary Value" (2013). Arrays are one-dimensional with one entry a customer: `x` repeat purchases, `tx` age at
the last of them, `T` age now (all in one unit of time), `z` mean value of the repeat purchases. Runs in workers only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

# Start of the search and bounds of log parameters: outside them the likelihood is flat.
_BOUNDS = (-8, 8)


class NotEnoughData(ValueError):
    """Too few customers or repeat purchases to say anything."""


@dataclass(frozen=True)
class BgNbd:
    """Rates of buying are Gamma(r, alpha), chances of leaving after a purchase Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def expected(self, t, x, tx, T):
        """Purchases expected in the next `t`, given each customer's history."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        ratio = ((alpha + T) / (alpha + T + t)) ** (r + x)
        above = (a + b + x - 1) / (a - 1) * (1 - ratio * hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t)))
        return above / (1 + _left(self, x, tx, T))

    def alive(self, x, tx, T):
        """Probability that a customer has not left; 1 for those who bought once."""
        return 1 / (1 + _left(self, x, tx, T))


@dataclass(frozen=True)
class GammaGamma:
    """Values of purchases vary about each customer's mean, which is spread by p, q, v."""

    p: float
    q: float
    v: float
    log_likelihood: float

    def expected_value(self, x, z):
        """Mean value of a customer's purchases, drawn to the mean of all the more, the less is known."""
        return self.p * (self.v + x * z) / (self.p * x + self.q - 1)


def fit_bgnbd(x, tx, T):
    """Parameters of the greatest likelihood. Raises NotEnoughData."""
    x, tx, T = (np.asarray(values, dtype=float) for values in (x, tx, T))
    if len(x) < 10 or x.sum() < 5:
        raise NotEnoughData("At least ten customers and five repeat purchases are needed.")
    # Time is scaled so that alpha is about one: the search is the same in days and in weeks.
    scale = 10 / T.max()
    rows, counts = np.unique(np.column_stack([x, tx * scale, T * scale]), axis=0, return_counts=True)

    def loss(logs):
        return -np.dot(counts, _bgnbd_terms(*np.exp(logs), *rows.T)) / len(x)

    found = _search(loss, 4)
    r, alpha, a, b = np.exp(found.x)
    alpha /= scale
    return BgNbd(r, alpha, a, b, float(_bgnbd_terms(r, alpha, a, b, x, tx, T).sum()))


def fit_gamma_gamma(x, z):
    """Parameters from customers who came back. Raises NotEnoughData."""
    x, z = np.asarray(x, dtype=float), np.asarray(z, dtype=float)
    kept = (x > 0) & (z > 0)
    x, z = x[kept], z[kept]
    if len(x) < 10:
        raise NotEnoughData("At least ten customers with repeat purchases are needed.")
    scale = 10 / z.mean()

    def terms(p, q, v, z):
        return (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1) * np.log(z)
            + p * x * np.log(x) - (p * x + q) * np.log(x * z + v)
        )  # fmt: skip

    found = _search(lambda logs: -terms(*np.exp(logs), z * scale).mean(), 3)
    p, q, v = np.exp(found.x)
    return GammaGamma(p, q, v / scale, float(terms(p, q, v / scale, z).sum()))


def lifetime_values(purchases: BgNbd, values: GammaGamma, x, tx, T, z, *, months=12, per_month=4.345, discount=0.01):
    """Discounted value of the next months for each customer. `per_month` is in the unit of T; `discount` a month."""
    x, tx, T, z = (np.asarray(column, dtype=float) for column in (x, tx, T, z))
    mean = values.expected_value(x, z)
    total, before = np.zeros_like(x), np.zeros_like(x)
    for month in range(1, months + 1):
        until = purchases.expected(month * per_month, x, tx, T)
        total += mean * (until - before) / (1 + discount) ** month
        before = until
    return total


def _bgnbd_terms(r, alpha, a, b, x, tx, T):
    """Each customer's log-likelihood."""
    common = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        + gammaln(b + x)
        - gammaln(b)
        - gammaln(a + b + x)
    )
    stayed = -(r + x) * np.log(alpha + T)
    gone = np.where(x > 0, np.log(a) - np.log(np.maximum(b + x - 1, 1e-300)) - (r + x) * np.log(alpha + tx), -np.inf)
    return common + np.logaddexp(stayed, gone)


def _left(model, x, tx, T):
    """Odds that a customer has left."""
    odds = model.a / np.maximum(model.b + x - 1, 1e-300) * ((model.alpha + T) / (model.alpha + tx)) ** (model.r + x)
    return np.where(x > 0, odds, 0.0)


def _search(loss, parameters):
    """The lowest point of a loss over log parameters, from two starts."""
    starts = [np.zeros(parameters), np.full(parameters, 0.7)]
    found = [
        minimize(
            loss,
            start,
            method="L-BFGS-B",
            bounds=[_BOUNDS] * parameters,
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 2000},
        )
        for start in starts
    ]
    return min(found, key=lambda result: result.fun)
