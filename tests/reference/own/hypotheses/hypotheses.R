# Linear hypotheses, the delta method, simultaneous tests and profiles under separation, from R's own packages.
# Run in this folder: Rscript hypotheses.R. It reads ../../data and writes hypotheses.json.

suppressMessages({library(car); library(multcomp); library(jsonlite)})

polished <- function(formula, data) {
  fit <- glm(formula, binomial, data, epsilon = 1e-14, maxit = 100)
  for (i in 1:3) fit <- glm(formula, binomial, data, epsilon = 1e-14, start = coef(fit), maxit = 100)
  # R's covariance is that of the step before the last (a polished start makes them one).
  fit
}

birthwt <- read.csv("../../data/a01_birthwt.csv")
birthwt$race <- factor(birthwt$race, levels = c("white", "black", "other"))
for (v in c("smoke", "ht", "ui")) birthwt[[v]] <- factor(birthwt[[v]], levels = c("no", "yes"))
full <- low ~ age + lwt + race + smoke + ptl + ht + ui + ftv
fit <- polished(full, birthwt)

wald <- function(ours, theirs) {
  chi2 <- linearHypothesis(fit, theirs, test = "Chisq")
  f <- linearHypothesis(fit, theirs, test = "F")
  list(hypothesis = ours, chi2 = chi2$Chisq[2], df = chi2$Df[2], p = chi2$`Pr(>Chisq)`[2], F = f$F[2])
}
walds <- list(
  wald("age", "age = 0"),
  wald("age = 0, lwt = 0", c("age = 0", "lwt = 0")),
  wald("race[T.black] = race[T.other]", "raceblack = raceother"),
  wald("2*age - lwt = 0.5", "2*age - lwt = 0.5"),
  wald("race", c("raceblack = 0", "raceother = 0")),
  wald("smoke[T.yes] = ht[T.yes] = ui[T.yes]", c("smokeyes = htyes", "htyes = uiyes")),
  wald("(age + 3*lwt)/4 = -0.01 + ftv, ptl = 0.3", c("0.25*age + 0.75*lwt - ftv = -0.01", "ptl = 0.3")),
  wald("Intercept + 20*age + 120*lwt = 0", "(Intercept) + 20*age + 120*lwt = 0"))

# Likelihood-ratio and score tests: the constraint is built into the columns.
ratio <- function(ours, reduced, extra) {
  small <- polished(reduced, birthwt)
  large <- polished(extra, birthwt)
  rao <- anova(small, large, test = "Rao")
  list(hypothesis = ours, LR = deviance(small) - deviance(large), df = small$df.residual - large$df.residual,
       score = rao$Rao[2])
}
rest <- "ptl + ui + ftv"
ratios <- list(
  ratio("age = lwt", low ~ I(age + lwt) + race + smoke + ptl + ht + ui + ftv,
        low ~ I(age + lwt) + age + race + smoke + ptl + ht + ui + ftv),
  ratio("smoke[T.yes] = ht[T.yes]", low ~ age + lwt + race + I((smoke == "yes") + (ht == "yes")) + ptl + ui + ftv,
        low ~ age + lwt + race + I((smoke == "yes") + (ht == "yes")) + smoke + ptl + ui + ftv),
  ratio("ptl = 0.3, race", low ~ age + lwt + smoke + ht + ui + ftv + offset(0.3 * ptl),
        low ~ age + lwt + smoke + ht + ui + ftv + race + ptl + offset(0.3 * ptl)))

delta <- function(ours, theirs) {
  d <- deltaMethod(fit, theirs, parameterNames = c("b0", names(coef(fit))[-1]))
  list(expression = ours, estimate = d$Estimate, std_error = d$SE, conf_low = d[[3]], conf_high = d[[4]])
}
deltas <- list(
  delta("exp(10*age) / (1 + smoke[T.yes]**2)", "exp(10*age) / (1 + smokeyes^2)"),
  delta("-Intercept / lwt", "-b0 / lwt"),
  delta("sqrt(ht[T.yes]) - log(smoke[T.yes]) * ptl", "sqrt(htyes) - log(smokeyes) * ptl"),
  delta("race[T.black] ^ race[T.other]", "raceblack ^ raceother"),
  delta("1 / (1 + exp(-(Intercept + 20*age + 120*lwt)))", "1 / (1 + exp(-(b0 + 20*age + 120*lwt)))"))

set.seed(1)
precise <- GenzBretz(maxpts = 5e6, abseps = 1e-7)
many <- function(h, title) {
  s <- summary(h, test = adjusted("single-step", maxpts = 5e6, abseps = 1e-7))$test
  ci <- confint(h, maxpts = 5e6, abseps = 1e-7)$confint
  list(title = title, contrast = unname(h$linfct[, , drop = FALSE]), estimate = unname(s$coefficients), p = unname(s$pvalues),
       conf_low = unname(ci[, 2]), conf_high = unname(ci[, 3]))
}
families <- list(
  many(glht(fit, linfct = mcp(race = "Tukey")), "pairwise"),
  many(glht(fit, linfct = mcp(race = "Dunnett")), "against control"),
  many(glht(fit), "all coefficients"))

p <- c(0.001, 0.0079, 0.0081, 0.03, 0.041, 0.042, NA, 0.2, 0.6, 1)
adjusted_p <- sapply(c("holm", "bonferroni", "hochberg", "hommel", "BH", "BY"), function(m) p.adjust(p, m), simplify = FALSE)

# Separation: a coefficient is held by an offset, the rest is climbed as far as doubles go.
endometrial <- read.csv("../../data/a04_endometrial.csv")
dev <- function(formula, held) {
  endometrial$held <- held
  suppressWarnings(deviance(glm(update(formula, . ~ . + offset(held)), binomial, endometrial, epsilon = 1e-15,
    maxit = 60)))
}
lowest <- dev(HG ~ NV + PI + EH, rep(0, nrow(endometrial)))
cut <- qchisq(0.95, 1)
end <- function(formula, column, from, to) uniroot(function(b) dev(formula, b * endometrial[[column]]) - lowest - cut,
  c(from, to), tol = 1e-12)$root
separated <- list(
  deviance = lowest,
  NV = list(low = end(HG ~ PI + EH, "NV", -2, 5), LR = dev(HG ~ PI + EH, 0 * endometrial$NV) - lowest),
  PI = list(low = end(HG ~ NV + EH, "PI", -0.4, -0.05), high = end(HG ~ NV + EH, "PI", -0.03, 0.2),
            LR = dev(HG ~ NV + EH, 0 * endometrial$NV) - lowest),
  EH = list(low = end(HG ~ NV + PI, "EH", -8, -3), high = end(HG ~ NV + PI, "EH", -2.5, 0),
            LR = dev(HG ~ NV + PI, 0 * endometrial$NV) - lowest))

versions <- list(R = as.character(getRversion()), car = as.character(packageVersion("car")),
                 multcomp = as.character(packageVersion("multcomp")), mvtnorm = as.character(packageVersion("mvtnorm")))
write_json(list(versions = versions, wald = walds, likelihood = ratios, delta = deltas, families = families,
                p_values = list(p = p, adjusted = adjusted_p), separated = separated),
           "hypotheses.json", digits = I(17), auto_unbox = TRUE, pretty = TRUE, na = "null")
