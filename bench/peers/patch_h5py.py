#!/usr/bin/env python3
"""patch_h5py.py - the patches of bench_data patch-load through h5py, gzip level 4 with shuffle.

usage: patch_h5py.py FILE      raw voxels as bench_data wrote them
"""
import os
import resource
import sys
import time

import h5py
import numpy as np

Z, Y, X, SIDE, PATCHES = 160, 256, 256, 64, 16
path = sys.argv[1] + '.gzip.h5'
data = np.fromfile(sys.argv[1], np.int16).reshape(Z, Y, X)
with h5py.File(path, 'w') as f:
    f.create_dataset('CT', data=data, chunks=(32, 32, 32), compression='gzip', compression_opts=4, shuffle=True)
places = [tuple(int(w) for w in line.split()) for line in open(sys.argv[1] + '.places')]
ct = h5py.File(path, 'r', rdcc_nbytes=0)['CT']  # no cache: a patch of a large cohort is not read twice


def step():
    return sum(float(ct[z:z + SIDE, y:y + SIDE, x:x + SIDE].mean(dtype=np.float64)) for z, y, x in places)


print('ready', step(), flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    step()
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
os.remove(path)
