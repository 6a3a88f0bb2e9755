# Models with one variable each on the rows that the whole model uses. Run in this folder:
#   Rscript crude.R
suppressMessages({library(sandwich); library(survey); library(brglm2)})
source("../newton.R")

published <- function(name) read.csv(file.path("..", "..", "data", name), stringsAsFactors = TRUE, na.strings = c("", "NA"))
row_of <- function(estimate, error, df = Inf) {
  reach <- qt(0.975, df)
  list(odds_ratio = exp(estimate), conf_low = exp(estimate - reach * error), conf_high = exp(estimate + reach * error),
       p_value = 2 * pt(-abs(estimate / error), df))
}
# The covariance of a glm belongs to the weights of the iteration before its last one: start at the optimum.
polished <- function(formula, data) {
  start <- NULL
  for (k in 1:4) {
    fit <- suppressWarnings(do.call(glm, list(formula, family = binomial, data = data, start = start, epsilon = 1e-14,
                                              maxit = 100)))
    start <- coef(fit)
  }
  fit
}
# `models` maps a right side to the names, in logreg, of its coefficients without the intercept.
crude <- function(models, fitted) {
  found <- list()
  for (right in names(models)) {
    one <- fitted(right)
    kept <- names(one$coef) != "(Intercept)"
    stopifnot(sum(kept) == length(models[[right]]))
    for (k in seq_along(models[[right]]))
      found[[models[[right]][k]]] <- row_of(one$coef[kept][k], one$error[kept][k], one$df)
  }
  found
}
of_glm <- function(left, data, vcov_of = vcov) function(right) {
  fit <- polished(as.formula(paste(left, "~", right)), data)
  list(coef = coef(fit), error = sqrt(diag(vcov_of(fit))), df = Inf)
}
out <- list()

gaps <- read.csv("../birthwt_gaps.csv", stringsAsFactors = TRUE, na.strings = c("", "NA"))
gaps$race <- relevel(gaps$race, "white")
complete <- na.omit(gaps[c("low", "age", "lwt", "race", "smoke", "ftv")])
births <- list(age = "age", lwt = "lwt", race = c("race[T.black]", "race[T.other]"), smoke = "smoke[T.yes]", ftv = "ftv")
out$gaps <- crude(births, of_glm("low", complete))
out$rows <- c(nrow(complete), nrow(gaps))

whole <- published("a01_birthwt.csv")
whole$race <- relevel(whole$race, "white")
out$without_intercept <- crude(
  list("0 + race" = c("race[white]", "race[black]", "race[other]"), smoke = "smoke[T.yes]", lwt = "lwt"),
  of_glm("low", whole))
out$joint <- crude(
  list("age * smoke" = c("age", "smoke[T.yes]", "age:smoke[T.yes]"), "lwt + I(lwt^2)" = c("lwt", "I(lwt ** 2)"),
       ht = "ht[T.yes]"),
  of_glm("low", whole))

shifted <- read.csv("../birthwt_offset.csv", stringsAsFactors = TRUE, na.strings = c("", "NA"))
shifted$race <- relevel(shifted$race, "white")
out$offset <- crude(
  list("age + offset(o)" = "age", "race + offset(o)" = c("race[T.black]", "race[T.other]")),
  of_glm("low", shifted))

use <- published("a08_contraception.csv")
wanted <- list("age + I(age^2)" = c("age", "I(age ** 2)"), livch = c("livch[T.1]", "livch[T.2]", "livch[T.3+]"),
               urban = "urban[T.Y]")
out$cluster <- crude(wanted, of_glm("use", use, function(fit)
  vcovCL(fit, cluster = use$district, type = "HC0", cadjust = TRUE)))
out$HC3 <- crude(wanted, of_glm("use", use, function(fit) vcovHC(fit, "HC3")))

api <- published("a07_apistrat.csv")
api$y <- as.integer(api$sch_wide == "Yes")
design <- svydesign(ids = ~1, strata = ~stype, fpc = ~fpc, weights = ~pw, data = api)
out$survey <- crude(
  list(ell = "ell", meals = "meals", stype = c("stype[T.H]", "stype[T.M]")),
  function(right) {
    start <- NULL
    for (k in 1:4) {
      fit <- suppressWarnings(svyglm(as.formula(paste("y ~", right)), design, family = quasibinomial, start = start,
                                     epsilon = 1e-14, maxit = 100))
      start <- coef(fit)
    }
    list(coef = coef(fit), error = sqrt(diag(vcov(fit))), df = fit$df.residual)
  })

womb <- published("a04_endometrial.csv")
out$firth <- crude(
  list(NV = "NV", PI = "PI", EH = "EH"),
  function(right) {
    fit <- glm(as.formula(paste("HG ~", right)), binomial, womb, method = "brglmFit", type = "AS_mean",
               epsilon = 1e-13, maxit = 500)
    X <- model.matrix(fit)
    p <- plogis(drop(X %*% coef(fit)))
    list(coef = coef(fit), error = sqrt(diag(solve(crossprod(X, p * (1 - p) * X)))), df = Inf)
  })

work <- na.omit(read.csv("../womenlf_gaps.csv", stringsAsFactors = TRUE, na.strings = c("", "NA"))[c("partic", "hincome", "children", "region")])
outcomes <- c("fulltime", "not.work", "parttime")
Y <- sapply(outcomes, function(level) as.numeric(work$partic == level))
out$multinomial <- list()
for (k in 2:3) out$multinomial[[outcomes[k]]] <- crude(
  list(hincome = "hincome", children = "children[T.present]",
       region = paste0("region[T.", setdiff(levels(work$region), "Atlantic"), "]")),
  function(right) {
    X <- model.matrix(as.formula(paste("~", right)), work)
    fit <- newton(X, Y)
    here <- (k - 2) * ncol(X) + seq_len(ncol(X))
    list(coef = setNames(fit$coef[, k - 1], colnames(X)), error = sqrt(diag(fit$vcov))[here], df = Inf)
  })
out$software <- list(R = as.character(getRversion()), sandwich = as.character(packageVersion("sandwich")),
  survey = as.character(packageVersion("survey")), brglm2 = as.character(packageVersion("brglm2")))

# jsonlite stops at 15 digits.
write <- function(x) {
  if (is.character(x)) return(paste0('"', x, '"'))
  if (is.list(x)) return(paste0("{", paste0('"', names(x), '": ', vapply(x, write, ""), collapse = ",\n"), "}"))
  text <- sprintf("%.17g", x)
  if (length(x) == 1) text else paste0("[", paste(text, collapse = ", "), "]")
}
cat(write(out), "\n", file = "crude.json", sep = "")
