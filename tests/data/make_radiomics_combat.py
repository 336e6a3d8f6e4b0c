#!/usr/bin/env python3
"""make_radiomics_combat - seeded features of three centres, and what neuroCombat makes of them.

usage: make_radiomics_combat.py OUT

Writes OUT/radiomics_combat_input.csv (case, batch, age, sex, f1 ...) and
OUT/radiomics_combat_expected.csv (variant, case, f1 ...).  neuroCombat 0.2.12; its stopping rule of
1e-4 is set to 1e-13, so that both sides stand at the fixed point:
  pip install neuroCombat 'numpy<2' pandas
"""
import os
import sys

import numpy as np

np.int = int  # neuroCombat 0.2.12 still writes it
import pandas as pd
from neuroCombat import neuroCombat as module
from neuroCombat import neuroCombat, neuroCombatFromTraining

module = sys.modules['neuroCombat.neuroCombat']
module.it_sol.__defaults__ = (1e-13,)
rng = np.random.default_rng(20261125)
N, F = 30, 12
batch = np.repeat(['A', 'B', 'C'], [12, 10, 8])
age = np.round(rng.uniform(30, 80, N), 1)
sex = rng.choice(['F', 'M'], N)
shift = {b: rng.normal(0, 2, F) for b in 'ABC'}
scale = {b: rng.uniform(0.5, 2, F) for b in 'ABC'}
x = np.array([5 + 10 ** rng.uniform(-1, 2) * (rng.normal(0, 1, N) + 0.03 * age + (sex == 'M'))
              for _ in range(F)])
spread = x.std(axis=1, keepdims=True)
for b in 'ABC':
    own = batch == b
    x[:, own] = (x[:, own] - x.mean(axis=1, keepdims=True)) * scale[b][:, None] \
        + x.mean(axis=1, keepdims=True) + shift[b][:, None] * spread
x = np.round(x, 6)
names = [f'f{i + 1}' for i in range(F)]
about = pd.DataFrame({'case': [f'c{i + 1}' for i in range(N)], 'batch': batch, 'age': age,
                      'sex': sex})
pd.concat([about, pd.DataFrame(x.T, columns=names)], axis=1).to_csv(
    os.path.join(sys.argv[1], 'radiomics_combat_input.csv'), index=False)

VARIANTS = {
    'plain': ({}, [], []),
    'covariates': ({}, ['sex'], ['age']),
    'no-bayes': ({'eb': False}, ['sex'], ['age']),
    'mean-only': ({'mean_only': True}, [], ['age']),
    'reference': ({'ref_batch': 'B'}, ['sex'], ['age']),
}
rows = []


def keep(variant, cases, data):
    for i, case in enumerate(cases):
        rows.append([variant, case, *data[:, i]])


for variant, (options, categories, numbers) in VARIANTS.items():
    covars = about[['batch', *categories, *numbers]].copy()
    out = neuroCombat(dat=x, covars=covars, batch_col='batch', categorical_cols=categories or None,
                      continuous_cols=numbers or None, **options)
    keep(variant, about['case'], out['data'])
# Fitted on the first cases of each centre, applied to the others.
train = np.concatenate([np.where(batch == b)[0][:6] for b in 'ABC'])
rest = np.setdiff1d(np.arange(N), train)
fitted = neuroCombat(dat=x[:, train], covars=about.loc[train, ['batch']].reset_index(drop=True),
                     batch_col='batch')
estimates = fitted['estimates']
new = neuroCombatFromTraining(dat=x[:, rest], batch=batch[rest], estimates=estimates)
keep('training', about['case'][train], fitted['data'])
keep('training', about['case'][rest], new['data'])
pd.DataFrame(rows, columns=['variant', 'case', *names]).to_csv(
    os.path.join(sys.argv[1], 'radiomics_combat_expected.csv'), index=False)
