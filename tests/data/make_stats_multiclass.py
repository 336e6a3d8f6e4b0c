#!/usr/bin/env python3
"""make_stats_multiclass.py - scores of four classes for tests/test_stats_multiclass.c.

usage: make_stats_multiclass.py FOLDER     (scikit-learn 1.9)

stats_multiclass_input.csv: seeded, probabilities of two decimals (ties).  stats_multiclass_expected.csv:
scikit-learn's scores of them; the areas of one against the rest and Hand and Till's are roc_auc_score.
"""
import sys

import numpy as np
import sklearn.metrics as m

out = sys.argv[1]
g = np.random.default_rng(8)
n, k = 150, 4
y = g.choice(k, n, p=(0.4, 0.3, 0.2, 0.1))
raw = g.gamma(1, size=(n, k)) + 1.2 * np.eye(k)[y]
cents = np.floor(100 * raw / raw.sum(1, keepdims=True)).astype(int)
cents[:, 0] += 100 - cents.sum(1)
p = cents / 100
said = p.argmax(1)
with open(out + '/stats_multiclass_input.csv', 'w') as f:
    f.write('id,y,' + ','.join(f'p{j}' for j in range(k)) + ',centre\n')
    for i in range(n):
        f.write(f'{i + 1},{y[i]},' + ','.join(f'{v:.2f}' for v in p[i]) + f',{"NS"[i % 3 == 0]}\n')
rows = {'accuracy': m.accuracy_score(y, said), 'balanced_accuracy': m.balanced_accuracy_score(y, said), 'kappa': m.cohen_kappa_score(y, said),
        'kappa_linear': m.cohen_kappa_score(y, said, weights='linear'), 'kappa_quadratic': m.cohen_kappa_score(y, said, weights='quadratic'),
        'mcc': m.matthews_corrcoef(y, said), 'brier': ((p - np.eye(k)[y]) ** 2).sum(1).mean()}
for way in ('macro', 'micro', 'weighted'):
    rows['f1_' + way] = m.f1_score(y, said, average=way)
for j, (a, b, c) in enumerate(zip(m.precision_score(y, said, average=None), m.recall_score(y, said, average=None), m.f1_score(y, said, average=None))):
    rows.update({f'precision_class{j}': a, f'recall_class{j}': b, f'f1_class{j}': c, f'auc_class{j}': m.roc_auc_score(y == j, p[:, j])})
rows['auc_ovr_macro'] = m.roc_auc_score(y, p, multi_class='ovr', average='macro')
rows['auc_ovr_weighted'] = m.roc_auc_score(y, p, multi_class='ovr', average='weighted')
rows['auc_hand_till'] = m.roc_auc_score(y, p, multi_class='ovo', average='macro')
for (i, j), c in np.ndenumerate(m.confusion_matrix(y, said)):
    rows[f'confusion_{i}_said_{j}'] = c
with open(out + '/stats_multiclass_expected.csv', 'w') as f:
    f.write('name,value,tol\n' + ''.join(f'{a},{float(b):.17g},closed\n' for a, b in rows.items()))
