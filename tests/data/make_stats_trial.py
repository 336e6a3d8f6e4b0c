#!/usr/bin/env python3
"""make_stats_trial.py - robust errors, margins and paired intervals for tests of trials.

usage: make_stats_trial.py FOLDER     (statsmodels 0.15, scipy 1.17)

stats_trial_exams.csv: a synthetic table, no real person (some women come twice, six readers, three
sites).  stats_trial_robust.csv: statsmodels' GLM with arm as its only term and errors by cluster;
factor G/(G - 1) alone, t with G - 1 degrees of freedom below 30 clusters.  stats_trial_stratified.csv: Mantel and Haenszel's estimates over sites and bands of age with
errors by cluster, from residuals row by row, and by leaving out one cluster after the other.  stats_trial_margin.csv:
score tests at a margin.  stats_trial_paired.csv: Tango's score interval, its constrained estimate by
a search of the likelihood, not by the closed form.
"""
import csv
import random
import sys

import numpy as np
import scipy.optimize as opt
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.stats.proportion import test_proportions_2indep

out = sys.argv[1]
rng = random.Random(12)
rows = []
for woman in range(1, 261):
    arm, age, site = rng.choice(('AI', 'control')), rng.randint(41, 78), rng.choice('NOP')
    frail = rng.random() < 0.25  # what examinations of a woman share
    for _ in range(2 if rng.random() < 0.3 else 1):
        flag1, flag2 = (int(rng.random() < (0.6 if frail else 0.15)) for _ in range(2))
        consensus = flag1 or flag2
        recall = int(consensus and rng.random() < 0.7)
        cancer = int(rng.random() < (0.5 if recall else 0.05))
        interval = int(cancer and not recall and rng.random() < 0.6)
        rows.append(dict(id=len(rows) + 1, woman=f'w{woman}', reader=f'r{rng.randint(1, 6)}', arm=arm, site=site, age=age,
                         reader1=flag1, reader2='' if arm == 'AI' and not flag1 and rng.random() < 0.8 else flag2,
                         consensus=consensus, recall=recall, cancer=cancer, interval_cancer=interval,
                         invasive=int(cancer and rng.random() < 0.7)))
with open(out + '/stats_trial_exams.csv', 'w', newline='') as f:
    w = csv.DictWriter(f, rows[0], lineterminator='\n')
    w.writeheader()
    w.writerows(rows)


def column(name):
    return np.array([r[name] for r in rows])


arm = (column('arm') == 'AI').astype(float)
recall, cancer = column('recall').astype(float), column('cancer').astype(float)
readings = np.array([1.0 + (r['reader2'] != '') for r in rows])
every = np.ones(len(rows), bool)
endpoints = {'recalls': (recall, every), 'false-positives': (recall * (1 - cancer), every),
             'ppv-recall': (cancer, recall == 1), 'readings': (readings, every)}
with open(out + '/stats_trial_robust.csv', 'w') as f:
    f.write('cluster,endpoint,clusters,ratio_low,ratio_high,p,difference_low,difference_high\n')
    for by in ('woman', 'reader'):
        for name, (y, among) in endpoints.items():
            groups = np.unique(column(by)[among], return_inverse=True)[1]
            g, n = groups.max() + 1, among.sum()
            design = sm.add_constant(arm[among])

            def fit(family):
                m = sm.GLM(y[among], design, family=family).fit(tol=1e-14, maxiter=200, cov_type='cluster', cov_kwds={
                    'groups': groups, 'use_correction': False})
                return m.params[1], np.sqrt(m.cov_params()[1, 1] * g / (g - 1))
            log_ratio, log_se = fit(sm.families.Poisson())
            diff, diff_se = fit(sm.families.Gaussian())
            q = st.t.isf(0.025, g - 1) if g < 30 else st.norm.isf(0.025)
            z = abs(log_ratio / log_se)
            p = 2 * (st.t.sf(z, g - 1) if g < 30 else st.norm.sf(z))
            f.write('%s,%s,%d,%.15g,%.15g,%.15g,%.15g,%.15g\n' % (
                by, name, g, np.exp(log_ratio - q * log_se), np.exp(log_ratio + q * log_se), p,
                diff - q * diff_se, diff + q * diff_se))



def mantel_haenszel(keep, y, stratum):
    """Log ratio and difference, and the weights of each examination's residual."""
    r = s = w = 0
    u, v = np.zeros(len(y)), np.zeros(len(y))
    for k in np.unique(stratum[keep]):
        m = keep & (stratum == k)
        a, b = m & (arm == 1), m & (arm == 0)
        if not a.any() or not b.any():
            continue
        n1, n0 = a.sum(), b.sum()
        r += y[a].sum() * n0 / (n1 + n0)
        s += y[b].sum() * n1 / (n1 + n0)
        w += n1 * n0 / (n1 + n0)
        u[a] = n0 / (n1 + n0) * (y[a] - y[a].mean())
        v[b] = n1 / (n1 + n0) * (y[b] - y[b].mean())
    return np.log(r / s), (r - s) / w, u / r - v / s, (u - v) / w


stratum = np.array([f'{r["site"]}{sum(r["age"] >= c for c in (50, 60, 70))}' for r in rows])
with open(out + '/stats_trial_stratified.csv', 'w') as f:
    f.write('cluster,endpoint,ratio,log_se,difference,difference_se,jackknife_log_se\n')
    for by in ('woman', 'reader'):
        for name, (y, among) in endpoints.items():
            if name == 'readings':
                continue
            lr, d, u, v = mantel_haenszel(among, y, stratum)
            groups = np.unique(column(by)[among], return_inverse=True)[1]
            g = groups.max() + 1
            se = [np.sqrt((np.bincount(groups, e[among]) ** 2).sum() * g / (g - 1)) for e in (u, v)]
            without = np.array([mantel_haenszel(among & (column(by) != c), y, stratum)[0] for c in np.unique(column(by)[among])])
            jack = np.sqrt((g - 1) / g * ((without - without.mean()) ** 2).sum())
            f.write(f'{by},{name},{np.exp(lr):.15g},{se[0]:.15g},{d:.15g},{se[1]:.15g},{jack:.6g}\n')


def difference_p(x1, n1, x0, n0, d):
    """Score p of H0: difference >= d, the constrained shares by a search of the likelihood.
    (test_proportions_2indep of statsmodels 0.15 has other shares for differences: 0.01508 where the
    likelihood's maximum gives 0.01552 for 30/500 against 20/480 at 0.05.)"""
    def loss(p):
        return -st.binom.logpmf(x1, n1, p + d) - st.binom.logpmf(x0, n0, p)
    p = opt.minimize_scalar(loss, bounds=(1e-12, 1 - d - 1e-12), method='bounded', options={'xatol': 1e-14}).x
    return st.norm.cdf((x1 / n1 - x0 / n0 - d) / np.sqrt((p + d) * (1 - p - d) / n1 + p * (1 - p) / n0))


with open(out + '/stats_trial_margin.csv', 'w') as f:
    f.write('scale,margin,x1,n1,x0,n0,p\n')
    for x1, n1, x0, n0 in ((82, 53043, 93, 52872), (30, 500, 20, 480), (5, 90, 9, 100)):
        for scale, margin in (('difference', 0.0005), ('difference', 0.02), ('ratio', 1.2), ('ratio', 2)):
            if scale == 'difference':
                p = difference_p(x1, n1, x0, n0, margin)
            else:
                p = test_proportions_2indep(x1, n1, x0, n0, value=margin, compare='ratio', method='score', alternative='smaller',
                                            correction=False).pvalue
            f.write(f'{scale},{margin},{x1},{n1},{x0},{n0},{p:.15g}\n')


def tango(b, c, n, z):
    """Bound d where the score, with the share of c constrained by the likelihood, equals z."""
    def score(d):
        low, high = max(0, -d), (1 - d) / 2

        def loss(q):
            return -(b * np.log(max(q + d, 1e-300)) + c * np.log(max(q, 1e-300)) + (n - b - c) * np.log(max(1 - 2 * q - d, 1e-300)))
        q = opt.minimize_scalar(loss, bounds=(low, high), method='bounded', options={'xatol': 1e-13}).x
        return (b - c - n * d) / np.sqrt(n * (2 * q + d * (1 - d)))
    return opt.brentq(lambda d: score(d) - z, -0.9, 0.9, xtol=1e-12)


with open(out + '/stats_trial_paired.csv', 'w') as f:
    f.write('both,only_new,only_standard,neither,low,high\n')
    for both, b, c, neither in ((240, 21, 10, 55310), (43, 5, 1, 1), (20, 12, 2, 10), (100, 3, 9, 4000)):
        n = both + b + c + neither
        z = st.norm.isf(0.025)
        f.write('%d,%d,%d,%d,%.12g,%.12g\n' % (both, b, c, neither, tango(b, c, n, z), tango(b, c, n, -z)))
