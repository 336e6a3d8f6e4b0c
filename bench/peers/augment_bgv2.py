#!/usr/bin/env python3
"""augment_bgv2.py - nnU-Net's default training transforms by batchgeneratorsv2, ten samples a step.

usage: augment_bgv2.py
"""
import resource
import sys
import time

import numpy as np
import torch
from batchgeneratorsv2.helpers.scalar_type import RandomScalar
from batchgeneratorsv2.transforms.intensity.brightness import MultiplicativeBrightnessTransform
from batchgeneratorsv2.transforms.intensity.contrast import ContrastTransform, BGContrast
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.intensity.gaussian_noise import GaussianNoiseTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from batchgeneratorsv2.transforms.utils.random import RandomTransform

torch.set_num_threads(1)
SIDE, SAMPLES = 64, 10
turn = (-30 / 360 * 2 * np.pi, 30 / 360 * 2 * np.pi)
transforms = ComposeTransforms([
    SpatialTransform((SIDE,) * 3, patch_center_dist_from_border=0, random_crop=False, p_elastic_deform=0, p_rotation=0.2,
                     rotation=turn, p_scaling=0.2, scaling=(0.7, 1.4), p_synchronize_scaling_across_axes=1, bg_style_seg_sampling=False),
    RandomTransform(GaussianNoiseTransform(noise_variance=(0, 0.1), p_per_channel=1, synchronize_channels=True), 0.1),
    RandomTransform(GaussianBlurTransform(blur_sigma=(0.5, 1.), synchronize_channels=False, synchronize_axes=False, p_per_channel=0.5, benchmark=True), 0.2),
    RandomTransform(MultiplicativeBrightnessTransform(multiplier_range=BGContrast((0.75, 1.25)), synchronize_channels=False, p_per_channel=1), 0.15),
    RandomTransform(ContrastTransform(contrast_range=BGContrast((0.75, 1.25)), preserve_range=True, synchronize_channels=False, p_per_channel=1), 0.15),
    RandomTransform(SimulateLowResolutionTransform(scale=(0.5, 1), synchronize_channels=False, synchronize_axes=True, ignore_axes=None,
                                                   allowed_channels=None, p_per_channel=0.5), 0.25),
    RandomTransform(GammaTransform(gamma=BGContrast((0.7, 1.5)), p_invert_image=1, synchronize_channels=False, p_per_channel=1, p_retain_stats=1), 0.1),
    RandomTransform(GammaTransform(gamma=BGContrast((0.7, 1.5)), p_invert_image=0, synchronize_channels=False, p_per_channel=1, p_retain_stats=1), 0.3),
    MirrorTransform(allowed_axes=(0, 1, 2)),
])
image = torch.randn(1, 102, 102, 102)  # nnU-Net's initial patch for 64
label = (torch.arange(102 ** 3).reshape(1, 102, 102, 102) // 4096 % 3).to(torch.int16)


def step():
    for _ in range(SAMPLES):
        out = transforms(image=image.clone(), segmentation=label.clone())
    return float(out['image'].flatten()[0])


print('ready', step(), flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    step()
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
