#!/usr/bin/env python3
"""make_stats_special.py - tails and quantiles for tests/test_stats_special.c, in 60 digits.

usage: make_stats_special.py >stats_special.csv      (mpmath)
"""
from mpmath import mp, mpf, betainc, gammainc, erfc, sqrt, findroot, binomial

mp.dps = 60


def normal_upper(x):
    return erfc(x / sqrt(mpf(2))) / 2


def chi2_upper(x, df):
    return gammainc(df / 2, x / 2, regularized=True)


def beta_lower(x, a, b):
    return betainc(a, b, 0, x, regularized=True)


def t_two_sided(t, df):
    return beta_lower(df / (df + t * t), df / 2, mpf(1) / 2)


def f_upper(f, a, b):
    return beta_lower(b / (b + a * f), b / 2, a / 2)


def inverse(f, p, low, high):
    """bisection: f is monotone between low and high"""
    low, high = mpf(low), mpf(high)
    rising = f(high) > f(low)
    for _ in range(120):
        mid = sqrt(low * high) if low > 0 else (low + high) / 2
        if (f(mid) < p) == rising:
            low = mid
        else:
            high = mid
    return low


rows = []


def put(name, value, *args):
    rows.append((name, [mpf(a) for a in args] + [mpf(0)] * (3 - len(args)), value))


for x in (-8, -1, 0.3, 2, 6, 20, 37):
    put("normal_upper", normal_upper(mpf(x)), x)
for p in (1e-300, 1e-20, 1e-5, 0.025, 0.7, 0.975):
    put("normal_quantile", -inverse(normal_upper, mpf(p), -40, 40), p)
for x, df in ((0.5, 1), (3.8, 1), (10, 4), (1000, 3), (1300, 1), (90, 100), (2000, 2000)):
    put("chi2_upper", chi2_upper(mpf(x), mpf(df)), x, df)
for t, df in ((0.1, 3), (2, 10), (2.5, 15.07), (30, 12), (12, 500)):
    put("t_two_sided", t_two_sided(mpf(t), mpf(df)), t, df)
for f, a, b in ((0.3, 2, 5), (4.485, 1, 15.07), (20, 39, 78), (80, 199, 597)):
    put("f_upper", f_upper(mpf(f), mpf(a), mpf(b)), f, a, b)
for p, a, b in ((0.025, 24, 397), (0.975, 25, 396), (0.025, 1, 30), (0.3, 0.5, 0.5), (0.975, 16, 1), (1e-10, 3, 4)):
    put("beta_quantile", inverse(lambda x: beta_lower(x, mpf(a), mpf(b)), mpf(p), 1e-12, 1), p, a, b)
for p, df in ((0.05, 3), (0.05, 15.07), (1e-8, 20), (0.9, 2)):
    put("t_two_sided_quantile", inverse(lambda x: t_two_sided(x, mpf(df)), mpf(p), 1e-9, 1e6), p, df)
for p, a, b in ((0.025, 39, 78), (0.975, 39, 78), (0.025, 11, 3.3), (0.3, 2, 2)):
    put("f_quantile_upper", inverse(lambda x: f_upper(x, mpf(a), mpf(b)), mpf(p), 1e-9, 1e6), p, a, b)
for p, df in ((0.05, 1), (0.01, 7), (0.99, 3)):
    put("chi2_quantile_upper", inverse(lambda x: chi2_upper(x, mpf(df)), mpf(p), 1e-9, 1e6), p, df)
for k, n, p in ((0, 10, 0.3), (3, 10, 0.3), (244, 39996, 0.006), (500000, 1000000, 0.5), (5, 5, 0.9)):
    put("binomial_mass", binomial(n, k) * mpf(p) ** k * (1 - mpf(p)) ** (n - k), k, n, p)
print("name,a,b,c,value")
for name, args, v in rows:
    print(name + "," + ",".join("%.17g" % float(a) for a in args) + "," + "%.17g" % float(v))
