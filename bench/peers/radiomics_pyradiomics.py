#!/usr/bin/env python3
"""radiomics_pyradiomics.py - PyRadiomics on the region of bench_radiomics, as a server for tools/bench.

usage: radiomics_pyradiomics.py features|maps PREFIX     PREFIX-image.nii and PREFIX-mask.nii

features: all classes but shape, 93 values.  maps: the GLCM maps of radius 1.  The value is the GLCM's
contrast (its mean over the region for maps).  Reading the files is not part of a step.
"""
import logging
import resource
import sys
import time

import numpy as np
import SimpleITK as sitk
from radiomics import featureextractor

what, prefix = sys.argv[1:]
logging.getLogger('radiomics').setLevel(logging.CRITICAL)
image, mask = (sitk.ReadImage(f'{prefix}-{name}.nii') for name in ('image', 'mask'))
extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, binWidth=25, label=1)
extractor.disableAllFeatures()
for name in ('glcm',) if what == 'maps' else ('firstorder', 'glcm', 'glrlm', 'glszm', 'gldm', 'ngtdm'):
    extractor.enableFeatureClassByName(name)


def step():
    out = extractor.execute(image, mask, voxelBased=what == 'maps')
    contrast = out['original_glcm_Contrast']
    if what != 'maps':
        return float(contrast)
    return float(np.sum(sitk.GetArrayFromImage(contrast)) / np.sum(sitk.GetArrayFromImage(mask)))


print('ready', step(), flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    step()
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
