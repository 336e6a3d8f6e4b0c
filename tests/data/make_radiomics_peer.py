#!/usr/bin/env python3
"""make_radiomics_peer - what PyRadiomics says of filtered images, weighting norms and feature maps.

usage: make_radiomics_peer.py IMAGES OUT
  IMAGES  the images of PyRadiomics' distribution (NAME_image.nrrd, NAME_label.nrrd)
  OUT     where radiomics_images.csv, radiomics_weighting.csv and radiomics_voxels.csv go

PyRadiomics 3.0.1 (numpy 1.26, SimpleITK 2.5, PyWavelets 1.6, scipy 1.13, scikit-image 0.24, trimesh):
  pip install 'numpy<2' 'setuptools<70' 'scipy<1.14' 'scikit-image<0.25' versioneer cython wheel \
      SimpleITK PyWavelets trimesh pykwalify six
  pip install --no-build-isolation pyradiomics==3.0.1
"""
import logging
import os
import sys

import SimpleITK as sitk
from radiomics import featureextractor

IMAGES, OUT = sys.argv[1:]
logging.getLogger('radiomics').setLevel(logging.ERROR)
CASES = ['breast1', 'brain2', 'lung2_crop']
TYPES = {
    'LoG': {'sigma': [1.0, 2.5]},
    'Wavelet': {},
    'Square': {},
    'SquareRoot': {},
    'Logarithm': {},
    'Exponential': {},
    'Gradient': {},
    'LBP2D': {'binWidth': 1},
    'LBP3D': {'binWidth': 0.3},
}
NORMS = ['manhattan', 'euclidean', 'infinity', 'no_weighting']


def paths(case):
    return [os.path.join(IMAGES, f'{case}_{what}.nrrd') for what in ('image', 'label')]


def write(name, columns):
    """columns: {header: {row: value}}"""
    rows = sorted({r for c in columns.values() for r in c})
    with open(os.path.join(OUT, name), 'w') as f:
        f.write(','.join(['feature', *columns]) + '\n')
        for r in rows:
            f.write(','.join([r, *(repr(float(c[r])) for c in columns.values())]) + '\n')


def images():
    columns = {}
    for case in CASES:
        e = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, binWidth=25, label=1)
        e.disableAllImageTypes()
        for name, settings in TYPES.items():
            e.enableImageTypeByName(name, customArgs=settings)
        e.enabledFeatures.pop('shape', None)
        for key, value in e.execute(*paths(case)).items():
            image, _, feature = key.partition('_')
            columns.setdefault(f'{case}/{image}', {})[feature] = value
    write('radiomics_images.csv', columns)


def weighting():
    columns = {}
    for case in CASES[:2]:
        for norm in NORMS:
            e = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, binWidth=25,
                                                           label=1, weightingNorm=norm)
            e.disableAllFeatures()
            e.enableFeatureClassByName('glcm')
            e.enableFeatureClassByName('glrlm')
            columns[f'{case}/{norm}'] = {k.partition('_')[2]: v
                                         for k, v in e.execute(*paths(case)).items()}
    write('radiomics_weighting.csv', columns)


def voxels():
    """Every fourth voxel of the region, in raster order, for two sizes of the kernel."""
    columns = {}
    case = 'breast1'
    mask = sitk.GetArrayFromImage(sitk.ReadImage(paths(case)[1])) == 1
    where = list(zip(*mask.nonzero()))[::4]
    for radius in (1, 2):
        e = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, binWidth=5, label=1,
                                                       kernelRadius=radius, maskedKernel=True)
        e.disableAllFeatures()
        for name in ('firstorder', 'glcm'):
            e.enableFeatureClassByName(name)
        maps = e.execute(*paths(case), voxelBased=True)
        whole = sitk.ReadImage(paths(case)[0])
        arrays = {k.partition('_')[2]: sitk.GetArrayFromImage(
            sitk.Resample(v, whole, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0,
                          sitk.sitkFloat64)) for k, v in maps.items()}
        for z, y, x in where:
            columns[f'{radius}/{z}/{y}/{x}'] = {k: a[z, y, x] for k, a in arrays.items()}
    write('radiomics_voxels.csv', columns)


images()
weighting()
voxels()
