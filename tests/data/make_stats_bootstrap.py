#!/usr/bin/env python3
"""make_stats_bootstrap.py - replicates and intervals for tests/test_stats_resampling.c.

usage: make_stats_bootstrap.py FOLDER     (scipy 1.10)

Writes stats_bootstrap_data.csv (a sample, and scipy's exact permutation p of its two halves),
stats_bootstrap_replicates.csv (scipy's replicates of its mean) and stats_bootstrap_expected.csv.
"""
import sys

import numpy as np
import scipy.stats as s

out = sys.argv[1]
g = np.random.default_rng(5)
x = np.round(g.lognormal(0, 0.8, 18), 4)
res = {m: s.bootstrap((x,), np.mean, n_resamples=499, method=m, random_state=np.random.default_rng(9)) for m in ("percentile", "BCa")}
r = res["BCa"].bootstrap_distribution
assert (r == res["percentile"].bootstrap_distribution).all()


def difference(a, b, axis):
    return abs(np.mean(a, axis=axis) - np.mean(b, axis=axis))


perm = s.permutation_test((x[:6], x[6:] + 0.7), difference, vectorized=True, alternative="greater", n_resamples=np.inf)
paired = s.permutation_test((x[:9], x[9:] + 0.3), difference, permutation_type="samples", vectorized=True, alternative="greater", n_resamples=np.inf)
with open(out + "/stats_bootstrap_data.csv", "w") as f:
    f.write("x\n" + "".join("%.17g\n" % v for v in x))
with open(out + "/stats_bootstrap_replicates.csv", "w") as f:
    f.write("value\n" + "".join("%.17g\n" % v for v in r))
with open(out + "/stats_bootstrap_expected.csv", "w") as f:
    f.write("name,value\n")
    for m in res:
        ci = res[m].confidence_interval
        f.write("%s_lo,%.17g\n%s_hi,%.17g\n" % (m, ci.low, m, ci.high))
    f.write("se,%.17g\n" % res["BCa"].standard_error)
    f.write("permutation_p,%.17g\nsigns_p,%.17g\n" % (perm.pvalue, paired.pvalue))
