#!/usr/bin/env python3
"""stats_python.py - statistics by the field's Python packages, on what bench_stats wrote.

usage: stats_python.py hd95 monai | delong numpy | bootstrap sklearn | harrell lifelines | trial pandas [FILE]

hd95: MONAI's compute_hausdorff_distance (larger of the directed percentiles).  delong: midranks by
scipy, two sorts.  bootstrap: scikit-learn's roc_auc_score with drawn multiplicities as weights, a
class at a time.  harrell: lifelines' concordance_index.  trial: pandas reads the table, counts ten
endpoints by arm and woman, and finds robust errors.
"""
import resource
import sys
import time

import numpy as np

row, tool = sys.argv[1:3]
path = sys.argv[3] if len(sys.argv) > 3 else None


def columns(k):
    return np.fromfile(path).reshape(k, -1)


def hd95():
    import torch
    from monai.metrics import compute_hausdorff_distance
    torch.set_num_threads(1)
    z, y, x = np.ogrid[:130, :512, :512]

    def ellipsoid(c, r):
        return (((z - c[0]) / r[0]) ** 2 + ((y - c[1]) / r[1]) ** 2 + ((x - c[2]) / r[2]) ** 2 <= 1)
    a = torch.from_numpy(ellipsoid((65, 256, 256), (45, 90, 120)))[None, None]
    b = torch.from_numpy(ellipsoid((66, 259, 252), (44, 92, 121)))[None, None]
    return lambda: float(compute_hausdorff_distance(b, a, include_background=True, percentile=95, spacing=(2.5, 0.9, 0.9)))


def delong():
    from scipy.stats import rankdata
    y, s = columns(2)
    x, z = s[y == 1], s[y == 0]

    def step():
        m, n = len(x), len(z)
        t = rankdata(np.concatenate((x, z)))
        v10, v01 = (t[:m] - rankdata(x)) / n, 1 - (t[m:] - rankdata(z)) / m
        return float(np.sqrt(v10.var(ddof=1) / m + v01.var(ddof=1) / n))
    return step


def bootstrap():
    from sklearn.metrics import roc_auc_score
    y, s = columns(2)
    rng = np.random.default_rng(1)
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)

    def step():
        values = []
        for _ in range(100):
            w = np.zeros(len(y))
            w[ones] = np.bincount(rng.integers(0, len(ones), len(ones)), minlength=len(ones))
            w[zeros] = np.bincount(rng.integers(0, len(zeros), len(zeros)), minlength=len(zeros))
            values.append(roc_auc_score(y, s, sample_weight=w))
        return float(np.std(values, ddof=1))
    return step


def harrell():
    from lifelines.utils import concordance_index
    time_, event, risk = columns(3)
    return lambda: float(concordance_index(time_, -risk, event))


def trial():
    import pandas as pd

    def step():
        d = pd.read_csv(path)
        found = d.recall * d.cancer
        either = (found + d.interval_cancer).clip(upper=1)
        one = pd.Series(1, d.index)
        ends = {'cancers': (found, one), 'invasive': (found * d.invasive, one), 'in situ': (found * (1 - d.invasive), one),
                'recalls': (d.recall, one), 'false': (d.recall * (1 - d.cancer), one), 'ppv': (found, d.recall),
                'interval': (d.interval_cancer, one), 'sensitivity': (found, either),
                'specificity': ((1 - d.recall) * (1 - either), 1 - either), 'consensus': (d.consensus, one)}
        new = d.arm == 'AI'
        out = {}
        for name, (x, n) in ends.items():
            x1, n1, x0, n0 = x[new].sum(), n[new].sum(), x[~new].sum(), n[~new].sum()
            u = np.where(new, (x - n * x1 / n1) / x1, -(x - n * x0 / n0) / x0)
            g = pd.Series(u).groupby(d.woman, sort=False).sum()
            out[name] = (x1 / n1 / (x0 / n0), np.sqrt((g ** 2).sum()))
        return out['recalls'][0]
    return step


step = {'hd95': hd95, 'delong': delong, 'bootstrap': bootstrap, 'harrell': harrell, 'trial': trial}[row]()
print('ready', step(), flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    step()
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
