# make_stats_planning.R - sample sizes, powers and adjusted p values for tests/test_pipeline_inference.c.
#
# usage: Rscript make_stats_planning.R FOLDER     (R 4.2)
#
# Two proportions by power.prop.test; the others by a root of the power function, not by the formula
# that radpipe solves for n.  Adjusted p values by p.adjust.
out <- commandArgs(TRUE)[1]
rows <- list()
add <- function(args, name, value) rows[[length(rows) + 1]] <<- sprintf("%s,%s,%.17g", args, name, value)
solve_n <- function(power_of, power) uniroot(function(n) power_of(n) - power, c(1, 1e8), tol = 1e-9)$root
z <- function(a) qnorm(a, lower.tail = FALSE)

for (p in list(c(0.75, 0.5, 0.05, 0.9), c(0.0064, 0.005, 0.05, 0.8), c(0.1, 0.2, 0.01, 0.95))) {
  args <- sprintf("--design two-proportions --p1 %g --p0 %g --alpha %g", p[1], p[2], p[3])
  add(sprintf("%s --power %g", args, p[4]), "n_per_arm",
      power.prop.test(p1 = p[1], p2 = p[2], sig.level = p[3], power = p[4], tol = 1e-12)$n)
  add(sprintf("%s --n 500", args), "power", power.prop.test(n = 500, p1 = p[1], p2 = p[2], sig.level = p[3])$power)
}
inferior <- function(n, p1, p0, m, a) pnorm((m - (p1 - p0)) / sqrt((p1 * (1 - p1) + p0 * (1 - p0)) / n) - z(a))
add("--design non-inferiority --p1 0.1 --p0 0.1 --margin 0.05 --power 0.8", "n_per_arm",
    solve_n(function(n) inferior(n, 0.1, 0.1, 0.05, 0.025), 0.8))
add("--design non-inferiority --p1 0.0021 --p0 0.0020 --margin 0.0006 --alpha 0.05 --n 40000", "power",
    inferior(40000, 0.0021, 0.0020, 0.0006, 0.05))
paired <- function(n, psi, d, a) pnorm((abs(d) * sqrt(n) - z(a / 2) * sqrt(psi)) / sqrt(psi - d^2))
add("--design paired --discordant 0.2 --difference 0.1 --power 0.8", "n_pairs",
    solve_n(function(n) paired(n, 0.2, 0.1, 0.05), 0.8))
add("--design paired --discordant 0.02 --difference 0.004 --alpha 0.01 --n 20000", "power",
    paired(20000, 0.02, 0.004, 0.01))
events <- function(n, hr, r, a) pnorm(sqrt(n * r * (1 - r)) * abs(log(hr)) - z(a / 2))
add("--design log-rank --hazard-ratio 0.5 --power 0.9", "n_events", solve_n(function(n) events(n, 0.5, 0.5, 0.05), 0.9))
add("--design log-rank --hazard-ratio 0.7 --share 0.3 --n 300", "power", events(300, 0.7, 0.3, 0.05))
add("--design precision --p1 0.3 --half-width 0.05", "n_cases", 0.3 * 0.7 * (z(0.025) / 0.05)^2)
writeLines(c("args,name,value", unlist(rows)), file.path(out, "stats_planning.csv"))

p <- c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0201, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 1)
rows <- list()
for (m in c("bonferroni", "holm", "hochberg", "BH", "BY"))
  for (i in seq_along(p)) rows[[length(rows) + 1]] <- sprintf("t%d,%.17g,%s,%.17g", i, p[i], m, p.adjust(p, m)[i])
writeLines(c("test,p,name,value", unlist(rows)), file.path(out, "stats_adjusted.csv"))
