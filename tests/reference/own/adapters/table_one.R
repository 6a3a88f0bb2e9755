# Characteristics by group, residuals and leverages, by R's own functions and the formulas written out.
# Run in this folder: Rscript table_one.R
data <- "../../data"
b <- read.csv(file.path(data, "a01_birthwt.csv"))
w <- read.csv(file.path(data, "a03_womenlf.csv"))

out <- list()
num <- function(x) sprintf("%.17g", x)
put <- function(name, x) out[[name]] <<- unlist(x, use.names = FALSE)

# Moments and quartiles (type 7).
for (g in c(0, 1)) {
  x <- b$lwt[b$low == g]
  put(paste0("lwt_", g), c(length(x), mean(x), sd(x), median(x), quantile(x, 0.25), quantile(x, 0.75)))
}
put("lwt_overall", c(nrow(b), mean(b$lwt), sd(b$lwt), median(b$lwt), quantile(b$lwt, 0.25), quantile(b$lwt, 0.75)))

# Standardised differences (Austin 2009; Yang and Dalton 2012, their formula written out without the first level).
smd_number <- function(x, y) abs(mean(x) - mean(y)) / sqrt((var(x) + var(y)) / 2)
smd_levels <- function(x, y, levels) {
  p <- table(factor(x, levels)) / length(x); q <- table(factor(y, levels)) / length(y)
  p <- as.numeric(p)[-1]; q <- as.numeric(q)[-1]
  cov <- function(p) { s <- -outer(p, p); diag(s) <- p * (1 - p); s }
  s <- (cov(p) + cov(q)) / 2
  sqrt(as.numeric(t(p - q) %*% solve(s) %*% (p - q)))
}
put("smd_age", smd_number(b$age[b$low == 1], b$age[b$low == 0]))
put("smd_race", smd_levels(b$race[b$low == 1], b$race[b$low == 0], c("white", "black", "other")))
put("smd_smoke", smd_levels(b$smoke[b$low == 1], b$smoke[b$low == 0], c("no", "yes")))
lv <- c("fulltime", "not.work", "parttime")
pairs <- list(c(1, 2), c(1, 3), c(2, 3))
put("smd_hincome_pairs", sapply(pairs, function(k) smd_number(w$hincome[w$partic == lv[k[1]]], w$hincome[w$partic == lv[k[2]]])))
put("smd_region_pairs", sapply(pairs, function(k) smd_levels(w$region[w$partic == lv[k[1]]], w$region[w$partic == lv[k[2]]], sort(unique(w$region)))))

# Tests.
t2 <- t.test(age ~ low, data = b)
put("welch_t", c(t2$statistic, t2$parameter, t2$p.value))
f3 <- oneway.test(hincome ~ partic, data = w)
put("welch_f", c(f3$statistic, f3$parameter[2], f3$p.value))
k2 <- kruskal.test(lwt ~ low, data = b); put("kruskal_2", c(k2$statistic, k2$parameter, k2$p.value))
k3 <- kruskal.test(hincome ~ partic, data = w); put("kruskal_3", c(k3$statistic, k3$parameter, k3$p.value))
c2 <- chisq.test(table(b$low, b$race), correct = FALSE); put("chi_squared", c(c2$statistic, c2$parameter, c2$p.value))
put("fisher", fisher.test(table(b$low, b$ht))$p.value)

# Residuals of a glm, single rows and counts.
g <- glm(low ~ age + lwt + smoke, binomial, b, control = glm.control(epsilon = 1e-14))
# One more weighted least squares step at the estimate: R's hat values come from the step before.
g <- update(g, start = coef(g), control = glm.control(epsilon = 1e-14, maxit = 2))
put("glm_fitted", predict(g)[1:10]); put("glm_se_fit", predict(g, se.fit = TRUE)$se.fit[1:10])
put("glm_resid", residuals(g, "deviance")[1:10]); put("glm_hat", hatvalues(g)[1:10])
put("glm_std_resid", rstandard(g)[1:10]); put("glm_cooksd", cooks.distance(g)[1:10])
put("glm_glance", c(g$null.deviance, g$df.null, as.numeric(logLik(g)), AIC(g), BIC(g), deviance(g), df.residual(g), nobs(g)))
n <- aggregate(cbind(success = low, failure = 1 - low) ~ smoke + race, b, sum)
h <- glm(cbind(success, failure) ~ smoke + race, binomial, n, control = glm.control(epsilon = 1e-14))
h <- update(h, start = coef(h), control = glm.control(epsilon = 1e-14, maxit = 2))
put("counts_order", paste(n$smoke, n$race))
put("counts_resid", residuals(h, "deviance")); put("counts_hat", hatvalues(h)); put("counts_cooksd", cooks.distance(h))
put("counts_std_resid", rstandard(h))

json <- sapply(names(out), function(k) {
  v <- out[[k]]
  v <- if (is.character(v)) paste0("\"", v, "\"") else num(v)
  sprintf("  \"%s\": [%s]", k, paste(v, collapse = ", "))
})
versions <- sprintf("  \"versions\": [\"%s\"]", R.version.string)
writeLines(c("{", paste(c(json, versions), collapse = ",\n"), "}"), "table_one.json")
