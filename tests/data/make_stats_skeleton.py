#!/usr/bin/env python3
"""make_stats_skeleton.py - masks and their skeletons for tests/test_image_surface.c.

usage: make_stats_skeleton.py >stats_skeleton.csv     (scikit-image 0.26, method lee)
"""
import numpy as np
from skimage.morphology import skeletonize

g = np.random.default_rng(2)
z, y, x = np.indices((9, 10, 11))
masks = [g.random((9, 10, 11)) < p for p in (0.4, 0.6, 0.85)]
masks.append(((z - 4) / 4) ** 2 + ((y - 5) / 3) ** 2 + ((x - 5) / 5) ** 2 <= 1)
masks.append((np.abs(np.hypot(y - 4.6, x - 5.2) - 3.2) < 1.1) & (abs(z - 4) < 3))
print("z,y,x," + ",".join("m%d,s%d" % (k, k) for k in range(len(masks))))
columns = [c for m in masks for c in (m, skeletonize(m, method="lee") > 0)]
for i in np.ndindex(9, 10, 11):
    print("%d,%d,%d," % i + ",".join("%d" % c[i] for c in columns))
