# make_stats_trial.R - strata for tests of trials.
#
# usage: Rscript make_stats_trial.R FOLDER     (R 4.2, metafor 3.8)
#
# stats_trial_strata.csv: counts by set and stratum.  stats_trial_pooled.csv: metafor's rma.mh (ratio:
# Greenland and Robins; difference: Sato), mantelhaen.test, and rma's Q around the weighted mean.
suppressMessages(library(metafor))
out <- commandArgs(TRUE)[1]
sets <- list(sites = data.frame(x1 = c(60, 88, 41, 149), n1 = c(9800, 13100, 8050, 22093), x0 = c(49, 70, 44, 99), n0 = c(9700, 13200, 7900, 22072)),
             small = data.frame(x1 = c(3, 7, 10), n1 = c(20, 33, 41), x0 = c(5, 2, 8), n0 = c(25, 30, 38)),
             apart = data.frame(x1 = c(30, 8), n1 = c(100, 90), x0 = c(10, 16), n0 = c(110, 80)))
strata <- pooled <- character()
for (s in names(sets)) {
  d <- sets[[s]]
  strata <- c(strata, sprintf("%s,%d,%d,%d,%d", s, d$x1, d$n1, d$x0, d$n0))
  of <- function(measure) rma.mh(ai = x1, n1i = n1, ci = x0, n2i = n0, data = d, measure = measure, digits = 15)
  r <- of("RR"); e <- of("RD")
  t <- array(rbind(d$x1, d$n1 - d$x1, d$x0, d$n0 - d$x0), c(2, 2, nrow(d)))
  h <- mantelhaen.test(t, correct = FALSE)
  q <- rma(ai = x1, n1i = n1, ci = x0, n2i = n0, data = d, measure = "RR", method = "FE")
  value <- c(ratio = exp(r$beta[1]), ratio_low = exp(r$ci.lb), ratio_high = exp(r$ci.ub), difference = e$beta[1],
             difference_low = e$ci.lb, difference_high = e$ci.ub, chisq = unname(h$statistic), p = h$p.value, q = q$QE, q_p = q$QEp)
  pooled <- c(pooled, sprintf("%s,%s,%.17g", s, sub("[.].*", "", names(value)), value))
}
writeLines(c("set,x1,n1,x0,n0", strata), file.path(out, "stats_trial_strata.csv"))
writeLines(c("set,name,value", pooled), file.path(out, "stats_trial_pooled.csv"))
