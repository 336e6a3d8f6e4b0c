#!/usr/bin/env python3
"""make_stats_inference.py - exact permutation p values and group-sequential bounds.

usage: make_stats_inference.py FOLDER     (scipy 1.17)

stats_permutation.csv: scipy.stats.permutation_test over all arrangements.  stats_sequential.csv:
bounds whose crossing probability, a rectangle of scipy's multivariate normal distribution with
correlations sqrt(t_i / t_j), is alpha (or the spending function's share): no recursive integration.
"""
import sys

import numpy as np
import scipy.stats as s
from scipy.optimize import brentq

out = sys.argv[1]
a = np.array([88.5, 91.2, 79.0, 95.1, 90.4, 84.7, 90.4])
b = np.array([81.0, 85.5, 90.4, 76.3, 80.9, 78.8])


def mean_difference(x, y, axis):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


with open(out + '/stats_permutation.csv', 'w') as f:
    f.write('kind,name,value\n')
    for kind, x, y, how in (('groups', a, b, 'independent'), ('pairs', a[:6], b, 'samples')):
        def p(side, statistic=mean_difference):
            return s.permutation_test((x, y), statistic, permutation_type=how, vectorized=True,
                                      alternative=side, n_resamples=np.inf).pvalue
        f.write(f'{kind},difference,{np.mean(x) - np.mean(y):.17g}\n')
        f.write(f'{kind},p,{p("greater", lambda x, y, axis: abs(mean_difference(x, y, axis))):.17g}\n')
        f.write(f'{kind},p_greater,{p("greater"):.17g}\n{kind},p_less,{p("less"):.17g}\n')


def crossing(z, t):
    """Chance that |Z_k| > z_k at any look."""
    t = np.asarray(t)
    if len(t) == 1:
        return 2 * s.norm.sf(z[0])
    cov = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    inside = s.multivariate_normal(np.zeros(len(t)), cov, maxpts=4000000, abseps=1e-9, releps=1e-9)
    return 1 - inside.cdf(np.array(z), lower_limit=-np.array(z), rng=np.random.default_rng(1))


with open(out + '/stats_sequential.csv', 'w') as f:
    f.write('bounds,fractions,alpha,look,z\n')
    for t, alpha in (((0.5, 1), 0.05), ((0.4, 0.75, 1), 0.05), ((0.25, 0.5, 0.75, 1), 0.01), ((0.8,), 0.05), ((0.3, 0.9), 0.05)):
        for kind in ('obrien-fleming', 'pocock', 'lan-demets'):
            if kind == 'lan-demets':
                z = []
                for k in range(len(t)):
                    spend = 2 * s.norm.sf(s.norm.isf(alpha / 2) / np.sqrt(t[k]))
                    z.append(brentq(lambda c: crossing(z + [c], t[:k + 1]) - spend, 1, 9, xtol=1e-8))
            elif t[-1] == 1:
                shape = 1 / np.sqrt(np.array(t)) if kind == 'obrien-fleming' else np.ones(len(t))
                c = brentq(lambda c: crossing(c * shape, t) - alpha, 1, 5, xtol=1e-8)
                z = list(c * shape)
            else:
                continue
            for k, x in enumerate(z):
                f.write(f'{kind},{";".join(map(str, t))},{alpha},{k + 1},{x:.9g}\n')
