"""features_check.py FOLDER - reads features.h5 with h5py and compares each cell with the CSV files."""
import csv
import sys

import h5py
import numpy

folder = sys.argv[1]
TABLES = {'features': 'features.csv', 'dictionary': 'features-dictionary.csv',
          'missing': 'features-missing.csv', 'steps': 'features-steps.csv'}
cells = 0
with h5py.File(f'{folder}/features.h5', 'r') as f:
    assert f.attrs['format'].decode() == 'radpipe features 1', f.attrs['format']
    assert 'discretise:' in f.attrs['settings'].decode()
    for group, name in TABLES.items():
        with open(f'{folder}/{name}', newline='') as text:
            rows = list(csv.reader(text))
        header, rows = rows[0], rows[1:]
        g = f[group]
        names = [n.decode() for n in g['name'][:]] if 'name' in g and 'value' in g else []
        for c, column in enumerate(header):
            want = [r[c] for r in rows]
            if column in names:
                got = g['value'][:, names.index(column)]
                assert got.dtype == numpy.float64
                for w, x in zip(want, got):
                    assert numpy.isnan(x) if w == '' else float(w) == x, (group, column, w, x)
            else:
                got = [x.decode() for x in g[column][:]]
                assert got == want, (group, column)
            cells += len(want)
        assert len(header) == len(names) + len([k for k in g if k not in ('value',)]) - bool(names), group
print(cells, 'cells')
