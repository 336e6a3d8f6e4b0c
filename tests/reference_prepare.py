#!/usr/bin/env python3
"""reference_prepare.py - preparation once more, slow and plain, in double: CT of an axial cohort.

usage: HDF5_PLUGIN_PATH=build/plugin reference_prepare.py COHORT PREPARED

Reads the cohort's volumes and masks with h5py, normalises with the recipe's numbers (which it fits again
from the training cases), resamples with SciPy's splines, and compares with the prepared shards.
Prints 'N cases equal'.
"""
import csv
import glob
import json
import sys

import h5py
import numpy as np
from scipy import ndimage

cohort, prepared = sys.argv[1:3]
recipe = json.load(open(f'{prepared}/recipe.json'))
rows = list(csv.DictReader(open(f'{prepared}/prepared.csv')))
labels = [('GTVp',), ('Parotid_L', 'Parotid_R')]  # the job's labels, in its order
shards = [h5py.File(p) for p in sorted(glob.glob(f'{cohort}/shards/*.h5'))]
made = [h5py.File(p) for p in sorted(glob.glob(f'{prepared}/shards/*.h5'))]


def find(files, name):
    return next(f[name] for f in files if name in f)


def source(case):
    d = find(shards, f'{case}/CT')
    x = d[()].astype(np.float64) * d.attrs['scale'] + d.attrs['offset']
    y = np.zeros(x.shape, np.uint8)
    for i, names in enumerate(labels):
        for name in names:
            y[find(shards, f'{case}/regions/{name}')[()] != 0] = i + 1
    return x.astype(np.float32).astype(np.float64), y, np.array(d.attrs['spacing_mm']).ravel()


fit = np.concatenate([x[y > 0] for x, y, _ in (source(r['case']) for r in rows if r['split'] == 'train')])
got = recipe['inputs'][0]
want = {'low': np.percentile(fit, 0.5), 'high': np.percentile(fit, 99.5), 'mean': fit.mean(), 'sd': fit.std()}
for key, value in want.items():
    assert abs(got[key] - value) < 1e-9 * max(1, abs(value)), (key, got[key], value)


def zoom(x, n, order):
    factor = [m / k for m, k in zip(n, x.shape)]
    return ndimage.zoom(x, factor, order=order, mode='nearest', grid_mode=True, prefilter=True)


equal = 0
for r in rows:
    x, y, spacing = source(r['case'])
    n = [max(1, int(np.round(k * a / b))) for k, a, b in zip(x.shape, spacing, recipe['spacing_mm'])]
    x = ((np.clip(x, want['low'], want['high']) - want['mean']) / want['sd']).astype(np.float32).astype(np.float64)
    image = np.clip(zoom(x, n, 3), x.min(), x.max())
    label = np.zeros(n, np.uint8)
    soft = {}
    for i in range(1, len(labels) + 1):
        soft[i] = zoom((y == i).astype(np.float64), n, 1)
        label[soft[i] >= 0.5] = i
    a = find(made, f"{r['case']}/image0")[()]
    b = find(made, f"{r['case']}/label")[()]
    assert list(a.shape) == n, (a.shape, n)
    worst = np.abs(a - image).max()
    assert worst < 2e-5, (r['case'], worst)
    # a voxel at exactly one half may fall either way in the last bit
    edge = np.zeros(n, bool)
    for s in soft.values():
        edge |= np.abs(s - 0.5) < 1e-9
    differing = int(((b != label) & ~edge).sum())
    assert differing == 0, (r['case'], differing)
    for i in range(1, len(labels) + 1):
        places = find(made, f"{r['case']}/foreground{i}")[()]
        assert len(places) == min(10000, (b == i).sum()) and (b.ravel()[places] == i).all() and (np.diff(places) > 0).all()
    equal += 1
print(equal, 'cases equal')
