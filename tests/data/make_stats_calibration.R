# make_stats_calibration.R - calibration of predicted survival for tests/test_stats_survival.c.
#
# usage: Rscript make_stats_calibration.R FOLDER     (R 4.2, survival 3.5)
#
# Reads stats_n60_input.csv there.  Observed risk: survfit, log-log interval; slope: coxph on
# log(-log(p_surv10)); groups: cut at quantiles of type 7.
library(survival)
out <- commandArgs(TRUE)[1]
d <- read.csv(file.path(out, "stats_n60_input.csv"))
d$p <- 1 - d$p_surv10
observed <- function(d) {
  s <- summary(survfit(Surv(time, event) ~ 1, data = d, conf.type = "log-log"), times = 10, extend = FALSE)
  1 - c(s$surv, s$upper, s$lower)
}
v <- c()
o <- observed(d); e <- mean(d$p)
v[c("calibration_predicted_t10", "calibration_observed_t10", "calibration_oe_t10", "calibration_oe_lo_t10", "calibration_oe_hi_t10")] <- c(e, o[1], o / e)
fit <- summary(coxph(Surv(time, event) ~ log(-log(p_surv10)), data = d))$coefficients
v[c("calibration_slope_t10", "calibration_slope_se_t10")] <- fit[c(1, 3)]
g <- as.integer(cut(d$p, unique(quantile(d$p, 0:5 / 5)), include.lowest = TRUE))
for (k in sort(unique(g))) {
  q <- d[g == k, ]
  if (max(q$time) < 10) next  # the curve ends before
  v[paste0("calibration_group", k, c("_n", "_predicted_t10", "_observed_t10", "_observed_lo_t10", "_observed_hi_t10"))] <- c(nrow(q), mean(q$p), observed(q))
}
tol <- ifelse(grepl("slope", names(v)), "fit", "closed")
writeLines(c("name,value,tol", sprintf("%s,%s,%s", names(v), ifelse(is.na(v), "NA", sprintf("%.17g", v)), tol)), file.path(out, "stats_n60_calibration.csv"))
