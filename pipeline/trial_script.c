/* pipeline/trial_script.c - R programs that recompute a trial's rows. */
#include "pipeline/trial_report.h"

/* Newcombe's difference, of both programs. */
static const char newcombe[] =
    "z <- qnorm(1 - (1 - level) / 2)\n"
    "wilson <- function(x, n) { p <- x / n; m <- (p + z^2 / (2 * n)) / (1 + z^2 / n)\n"
    "  h <- z / (1 + z^2 / n) * sqrt(p * (1 - p) / n + z^2 / (4 * n^2)); c(m - h, m + h) }\n"
    "newcombe <- function(x1, n1, x0, n0) { a <- wilson(x1, n1); b <- wilson(x0, n0)\n"
    "  p1 <- x1 / n1; p0 <- x0 / n0; d <- p1 - p0\n"
    "  c(d - sqrt((p1 - a[1])^2 + (b[2] - p0)^2), d + sqrt((a[2] - p1)^2 + (p0 - b[1])^2)) }\n"
    "katz <- function(x1, n1, x0, n0)\n"
    "  x1 / n1 / (x0 / n0) * exp(c(-1, 1) * z * sqrt(1 / x1 - 1 / n1 + 1 / x0 - 1 / n0))\n";

static const char counts[] = "for (i in seq_len(nrow(d))) with(d[i, ], {\n"
                             "  p <- fisher.test(matrix(c(x1, n1 - x1, x0, n0 - x0), 2))$p.value\n"
                             "  cat(trial, endpoint, (x1 / n1) / (x0 / n0), katz(x1, n1, x0, n0), "
                             "1000 * (x1 / n1 - x0 / n0),\n"
                             "      1000 * newcombe(x1, n1, x0, n0), p, '\\n') })\n";

static const char shares[] =
    "# Share of an arm: Clopper-Pearson, at Korn and Graubard's effective number where there are "
    "clusters.\n"
    "exact <- function(x, n) c(if (x > 0) qbeta((1 - level) / 2, x, n - x + 1) else 0,\n"
    "  if (x < n) qbeta((1 + level) / 2, x + 1, n - x) else 1)\n"
    "share <- function(k, x, n) { p <- sum(k * x) / sum(k * n); m <- sum(k * n); G <- sum(k[n > "
    "0])\n"
    "  v <- sum(k * (x - n * p)^2) / m^2 * G / (G - 1); f <- if (G < 30) z / qt((1 + level) / 2, G "
    "- 1) "
    "else 1\n"
    "  e <- if (v > 0) min(m, p * (1 - p) / v * f^2) else m; exact(e * p, e) }\n";

static const char methods[] =
    "g <- read.csv(file.path(folder, 'clusters.csv'))\n"
    "plain <- function(t) { n <- sapply(t, is.integer); t[n] <- lapply(t[n], as.numeric); t }\n"
    "d <- plain(d); g <- plain(g)\n"
    "# Score of a ratio r, and of a difference s, with the constrained estimate.\n"
    "score_ratio <- function(r, x1, n1, x0, n0, f) { b <- n1 * r + x1 + n0 + x0 * r; m <- x1 + x0\n"
    "  p0 <- 2 * m / (b + sqrt(pmax(0, b^2 - 4 * (n1 + n0) * r * m))); p1 <- r * p0\n"
    "  v <- (p1 * (1 - p1) / n1 + r^2 * p0 * (1 - p0) / n0) * f; s <- x1 / n1 - r * x0 / n0\n"
    "  if (v > 0) s / sqrt(v) else sign(s) * 1e6 }\n"
    "score_ci <- function(x1, n1, x0, n0, f) { if (x1 + x0 == 0) return(c(NA, NA))\n"
    "  m <- log(max(x1, 0.5) / n1) - log(max(x0, 0.5) / n0)\n"
    "  bound <- function(q) if (q > 0 && x1 == 0) 0 else if (q < 0 && x0 == 0) Inf else\n"
    "    exp(uniroot(function(l) score_ratio(exp(l), x1, n1, x0, n0, f) - q, m + c(-20, 20), tol = "
    "1e-13)$root)\n"
    "  sapply(c(z, -z), bound) }\n"
    "score_difference <- function(s, x1, n1, x0, n0) { n <- n1 + n0\n"
    "  l <- function(p) dbinom(x1, n1, p + s, log = TRUE) + dbinom(x0, n0, p, log = TRUE)\n"
    "  p <- optimize(l, c(max(0, -s), min(1, 1 - s)), maximum = TRUE, tol = 1e-13)$maximum\n"
    "  v <- ((p + s) * (1 - p - s) / n1 + p * (1 - p) / n0) * n / (n - 1); t <- x1 / n1 - x0 / n0 "
    "- s\n"
    "  if (v > 0) t / sqrt(v) else sign(t) * 1e6 }\n"
    "mn_difference <- function(x1, n1, x0, n0) sapply(c(z, -z), function(q) { d <- x1 / n1 - x0 / "
    "n0\n"
    "  f <- function(s) score_difference(s, x1, n1, x0, n0) - q; end <- -sign(q) * (1 - 1e-9)\n"
    "  if (d == -sign(q) || f(end) * sign(q) < 0) -sign(q) else uniroot(f, sort(c(d, end)), tol = "
    "1e-13)$root })\n"
    "poisson <- function(x1, n1, x0, n0) { q <- binom.test(x1, x1 + x0, conf.level = "
    "level)$conf.int\n"
    "  q / (1 - q) * n0 / n1 }\n"
    "# Robust errors of log ratio and difference, CR1, from the clusters by what they hold.\n"
    "robust <- function(q) { k <- q$clusters; G <- sum(k); X1 <- sum(k * q$x1); N1 <- sum(k * "
    "q$n1)\n"
    "  X0 <- sum(k * q$x0); N0 <- sum(k * q$n0); a <- q$x1 - q$n1 * X1 / N1; b <- q$x0 - q$n0 * X0 "
    "/ N0\n"
    "  se <- function(u) sqrt(sum(k * u^2) * G / (G - 1)); few <- G < 30\n"
    "  t <- if (few) qt(1 - (1 - level) / 2, G - 1) else z; d <- X1 / N1 - X0 / N0\n"
    "  ls <- se(a / X1 - b / X0); ds <- se(a / N1 - b / N0); r <- X1 / N1 / (X0 / N0); w <- log(r) "
    "/ ls\n"
    "  list(ratio = r * exp(c(-1, 1) * t * ls), difference = d + c(-1, 1) * t * ds, ls = ls,\n"
    "       p = if (few) 2 * pt(-abs(w), G - 1) else 2 * pnorm(-abs(w))) }\n"
    "clusters_of_part <- function(r) g[g$endpoint == r$endpoint & g$part == r$part, ]\n"
    "same <- function(...) Reduce(`&`, list(...))\n"
    "clusters_of <- function(r) g[same(g$endpoint == r$endpoint, g$part == r$part, g$column == "
    "r$column, "
    "g$level == r$level), ]\n";

static const char strata[] =
    "# Mantel-Haenszel: Greenland and Robins' and Sato's variances; mantelhaen.test.\n"
    "pooled <- function(s) { n <- s$n1 + s$n0; m <- s$x1 + s$x0; R <- sum(s$x1 * s$n0 / n); S <- "
    "sum(s$x0 "
    "* s$n1 / n)\n"
    "  W <- sum(s$n1 * s$n0 / n); v <- sum((s$n1 * s$n0 * m - s$x1 * s$x0 * n) / n^2) / (R * S); d "
    "<- (R - "
    "S) / W\n"
    "  P <- sum((s$n1^2 * s$x0 - s$n0^2 * s$x1 + s$n1 * s$n0 * (s$n0 - s$n1) / 2) / n^2)\n"
    "  Q <- sum((s$x1 * (s$n0 - s$x0) + s$x0 * (s$n1 - s$x1)) / (2 * n))\n"
    "  t <- array(rbind(s$x1, s$n1 - s$x1, s$x0, s$n0 - s$x0), c(2, 2, nrow(s)))\n"
    "  list(ratio = R / S * exp(c(-1, 1) * z * sqrt(v)), difference = d + c(-1, 1) * z * sqrt(d * "
    "P + Q) / "
    "W,\n"
    "       p = mantelhaen.test(t, correct = FALSE)$p.value) }\n"
    "# The same with errors of clusters that may lie in several strata: column says which belong "
    "together.\n"
    "pooled_robust <- function(r, s) { q <- clusters_of_part(r); N <- s$n1 + s$n0; R <- sum(s$x1 * "
    "s$n0 / "
    "N)\n"
    "  S <- sum(s$x0 * s$n1 / N); W <- sum(s$n1 * s$n0 / N); m <- match(q$level, s$level)\n"
    "  u <- (s$n0 / N)[m] * (q$x1 - q$n1 * (s$x1 / s$n1)[m]); v <- (s$n1 / N)[m] * (q$x0 - q$n0 * "
    "(s$x0 / "
    "s$n0)[m])\n"
    "  u[is.na(u)] <- 0; v[is.na(v)] <- 0; k <- tapply(q$clusters, q$column, max); G <- sum(k)\n"
    "  se <- function(e) sqrt(sum(k * tapply(e, q$column, sum)^2) * G / (G - 1)); few <- G < 30\n"
    "  t <- if (few) qt(1 - (1 - level) / 2, G - 1) else z; ls <- se(u / R - v / S); d <- (R - S) "
    "/ W\n"
    "  w <- log(R / S) / ls\n"
    "  list(ratio = R / S * exp(c(-1, 1) * t * ls), difference = d + c(-1, 1) * t * se((u - v) / "
    "W),\n"
    "       p = if (few) 2 * pt(-abs(w), G - 1) else 2 * pnorm(-abs(w))) }\n"
    "alike <- function(r) { s <- d[same(d$endpoint == r$endpoint, d$part == 'subgroup', d$column "
    "== "
    "r$column), ]\n"
    "  s <- s[s$x1 > 0 & s$x0 > 0, ]; x <- log(s$x1 / s$n1 / (s$x0 / s$n0))\n"
    "  v <- 1 / s$x1 - 1 / s$n1 + 1 / s$x0 - 1 / s$n0\n"
    "  if (r$p_method == 'robust-heterogeneity')\n"
    "    v <- sapply(seq_len(nrow(s)), function(i) robust(clusters_of(s[i, ]))$ls^2)\n"
    "  x <- x[v > 0]; v <- v[v > 0]; q <- sum((x - weighted.mean(x, 1 / v))^2 / v)\n"
    "  list(p = pchisq(q, length(x) - 1, lower.tail = FALSE)) }\n";

static const char table[] =
    "for (k in c('column', 'level')) { d[[k]][is.na(d[[k]])] <- ''; g[[k]][is.na(g[[k]])] <- '' }\n"
    "worst <- 0\n"
    "for (i in seq_len(nrow(d))) { r <- d[i, ]; a <- as.list(r[c('x1', 'n1', 'x0', 'n0')])\n"
    "  f <- if (is.na(r$ratio_method)) NULL else if (grepl('robust', r$ratio_method)) "
    "robust(clusters_of(r))\n"
    "  s <- d[same(d$endpoint == r$endpoint, d$part == 'stratum'), ]\n"
    "  if (r$part == 'stratified') f <- if (grepl('robust', r$ratio_method)) pooled_robust(r, s) "
    "else\n"
    "    pooled(s[s$n1 > 0 & s$n0 > 0, ])\n"
    "  if (r$part == 'interaction' && !is.na(r$p)) f <- alike(r)\n"
    "  if (is.null(f) && !is.na(r$ratio_method)) { p <- switch(r$p_method,\n"
    "      fisher = fisher.test(matrix(c(r$x1, r$n1 - r$x1, r$x0, r$n0 - r$x0), 2))$p.value,\n"
    "      chi2 = suppressWarnings(prop.test(c(r$x1, r$x0), c(r$n1, r$n0), correct = "
    "FALSE)$p.value),\n"
    "      wald = 2 * pnorm(-abs(log(r$ratio) / sqrt(1 / r$x1 - 1 / r$n1 + 1 / r$x0 - 1 / "
    "r$n0))))\n"
    "    n <- r$n1 + r$n0\n"
    "    f <- list(p = p, ratio = do.call(switch(r$ratio_method, katz = katz, poisson = poisson,\n"
    "        koopman = function(...) score_ci(..., 1), mn = function(...) score_ci(..., n / (n - "
    "1))), a),\n"
    "      difference = do.call(switch(r$difference_method, newcombe = newcombe, mn = "
    "mn_difference), a)) }\n"
    "  if (is.null(f)) next\n"
    "  s <- switch(if (is.na(r$rate_method)) 'none' else r$rate_method, none = NULL,\n"
    "    'clopper-pearson' = c(exact(r$x1, r$n1), exact(r$x0, r$n0)),\n"
    "    'korn-graubard' = { q <- clusters_of(r); c(share(q$clusters, q$x1, q$n1), "
    "share(q$clusters, q$x0, "
    "q$n0)) })\n"
    "  now <- c(f$ratio, f$difference * r$per, f$p, s * r$per)\n"
    "  was <- c(if (!is.null(f$ratio)) c(r$ratio_low, r$ratio_high, r$difference_low, "
    "r$difference_high), r$p,\n"
    "    if (!is.null(s)) c(r$new_low, r$new_high, r$control_low, r$control_high))\n"
    "  off <- max(abs(now - was) / pmax(abs(was), 1e-3), 0, na.rm = TRUE)\n"
    "  if (any(is.na(now) != is.na(was))) off <- Inf\n"
    "  worst <- max(worst, off)\n"
    "  cat(r$endpoint, r$part, r$column, r$level, signif(now, 7), if (off > 1e-6) 'DIFFERS', "
    "'\\n') }\n"
    "cat('largest relative difference from trial.csv:', signif(worst, 2), '\\n')\n"
    "if (worst > 1e-6) quit(status = 1)\n";

static void begin(double level, const char *what, rp_text *out)
{
    rp_text_add(out,
                "# Recomputes trial.csv (%s) with base R.  usage: Rscript trial.R [FOLDER]\n"
                "folder <- c(commandArgs(TRUE), '.')[1]\n"
                "d <- read.csv(file.path(folder, 'trial.csv'), na.strings = '')\n"
                "level <- %.17g\n%s",
                what, level, newcombe);
}

rp_status rp_trial_counts_script(double level, rp_text *out)
{
    begin(level, "Katz's log interval, Newcombe's difference, Fisher's p", out);
    rp_text_add(out, "%s", counts);
    return rp_text_status(out);
}

rp_status rp_trial_table_script(double level, rp_text *out)
{
    begin(level, "every row from its counts and clusters", out);
    rp_text_add(out, "%s%s%s%s", shares, methods, strata, table);
    return rp_text_status(out);
}
