# Tests of terms, nested and non-nested models. Run in this folder: Rscript anova.R
# car::Anova for kinds 2 and 3 (sum-to-zero contrasts for kind 3), stats::anova for kind 1 and for score tests of
# pairs of models, pscl::vuong as it prints with 15 digits.
suppressMessages({library(car); library(nnet); library(pscl); library(jsonlite); library(sandwich)})
options(digits = 15)
exact <- glm.control(epsilon = 1e-14, maxit = 60)

titanic <- read.csv("../../data/a02_titanic.csv", stringsAsFactors = TRUE)
titanic <- droplevels(titanic[complete.cases(titanic), ])
birthwt <- read.csv("../../data/a01_birthwt.csv", stringsAsFactors = TRUE)
women <- read.csv("../../data/a03_womenlf.csv", stringsAsFactors = TRUE)
women$partic <- relevel(women$partic, "not.work")

treatment <- function() options(contrasts = c("contr.treatment", "contr.poly"))
sums <- function() options(contrasts = c("contr.sum", "contr.poly"))
treatment()

# `columns` are the names car and anova give to statistic, df and p
rows <- function(table, columns) {
  table <- as.data.frame(table)
  keep <- setdiff(rownames(table)[!is.na(table[[columns[2]]])], c("NULL", "Residuals", "(Intercept)"))
  setNames(lapply(keep, function(term) {
    list(statistic = table[term, columns[1]], df = table[term, columns[2]], p = table[term, columns[3]])
  }), keep)
}
lr_columns <- c("LR Chisq", "Df", "Pr(>Chisq)")
wald_columns <- c("Chisq", "Df", "Pr(>Chisq)")
sequential_columns <- c("Deviance", "Df", "Pr(>Chi)")

glm_tests <- function(formula, data) {
  fit <- function(start = NULL) glm(formula, binomial, data, control = exact, start = start)
  # vcov() is of the weights before the last step: a second run starts at the end and takes none
  polished <- function() fit(start = coef(fit()))
  environment(formula) <- environment()
  treatment()
  model <- fit()
  result <- list(
    lr_1 = rows(anova(model, test = "Chisq"), sequential_columns),
    lr_2 = rows(Anova(model, type = 2, test = "LR"), lr_columns),
    wald_2 = rows(Anova(polished(), type = 2, test = "Wald"), wald_columns),
    score_1 = rows(anova(model, test = "Rao"), c("Rao", "Df", "Pr(>Chi)")))
  sums()
  model <- fit()
  result$lr_3 <- rows(Anova(model, type = 3, test = "LR"), lr_columns)
  result$wald_3 <- rows(Anova(polished(), type = 3, test = "Wald"), wald_columns)
  treatment()
  result
}

multinom_tests <- function(formula, data) {
  fit <- function() multinom(formula, data, reltol = 1e-15, maxit = 5000, trace = FALSE)
  environment(formula) <- environment()
  treatment()
  result <- list(lr_2 = rows(Anova(fit(), type = 2), lr_columns))
  sums()
  result$lr_3 <- rows(Anova(fit(), type = 3), lr_columns)
  treatment()
  result
}

case <- function(data, outcome, right, tests, ...) {
  list(data = data, outcome = outcome, right = right, tests = tests, ...)
}

cases <- list(
  case("a02_titanic", "survived", "sex * passengerClass * age", event = "yes",
       glm_tests(survived ~ sex * passengerClass * age, titanic)),
  case("a02_titanic", "survived", "sex + sex:age + passengerClass", event = "yes",
       glm_tests(survived ~ sex + sex:age + passengerClass, titanic)),
  case("a01_birthwt", "low", "smoke * ht + race * lwt", event = "1",
       glm_tests(low ~ smoke * ht + race * lwt, birthwt)),
  case("a03_womenlf", "partic", "hincome * children + region", event = NULL,
       multinom_tests(partic ~ hincome * children + region, women)),
  case("a03_womenlf", "partic", "children * hincome", event = NULL,
       multinom_tests(partic ~ children * hincome, women)))

# Score tests of two models one of which is smaller than another that is not the whole: anova(test = "Rao").
small <- glm(survived ~ passengerClass + age, binomial, titanic, control = exact)
large <- update(small, . ~ . + sex)
rao <- anova(small, large, test = "Rao")
marginal_score <- list(right = "sex * passengerClass + sex * age", term = "sex",
                       statistic = rao$Rao[2], df = rao$Df[2], p = rao$`Pr(>Chi)`[2])

# Sandwich covariance: joint Wald tests of the columns of each term.
robust_fit <- glm(low ~ age + lwt + race + smoke, binomial, birthwt, control = exact)
robust_fit <- update(robust_fit, start = coef(robust_fit))
robust <- lapply(list(age = "age", lwt = "lwt", race = c("raceother", "racewhite"), smoke = "smokeyes"), function(names) {
  found <- linearHypothesis(robust_fit, names, vcov. = vcovHC(robust_fit, type = "HC0"))
  list(statistic = found$Chisq[2], df = found$Df[2], p = found$`Pr(>Chisq)`[2])
})

# No intercept: the model without a term keeps a mean for every level of the other factor.
without <- glm(low ~ 0 + race + smoke, binomial, birthwt, control = exact)
pieces <- lapply(list(race = "race", smoke = "smoke"), function(term) {
  found <- anova(update(without, as.formula(paste("low ~ 0 +", setdiff(c("race", "smoke"), term)))), without,
                 test = "Chisq")
  list(statistic = found$Deviance[2], df = found$Df[2], p = found$`Pr(>Chi)`[2])
})

vuong_case <- function(one, other, data) {
  environment(one) <- environment(other) <- environment()
  fits <- lapply(list(one, other), function(f) glm(f, binomial, data, control = exact))
  printed <- capture.output(vuong(fits[[1]], fits[[2]]))
  lines <- grep("^(Raw|AIC-corrected|BIC-corrected)", printed, value = TRUE)
  z <- as.numeric(sub("^\\S+ +(\\S+).*", "\\1", lines))
  list(one = deparse(one[[3]]), other = deparse(other[[3]]), none = z[1], AIC = z[2], BIC = z[3])
}
vuong_tests <- list(
  c(data = "a01_birthwt", vuong_case(low ~ age + lwt, low ~ race + smoke, birthwt)),
  c(data = "a01_birthwt", vuong_case(low ~ race * smoke + ht, low ~ lwt + ptl, birthwt)))

versions <- lapply(setNames(nm = c("car", "nnet", "pscl", "sandwich", "jsonlite")),
                   function(p) as.character(packageVersion(p)))
write_json(list(script = "anova.R", R = R.version.string, packages = versions, cases = cases,
                marginal_score = marginal_score, robust = robust, no_intercept = pieces, vuong = vuong_tests),
           "anova.json", digits = NA, auto_unbox = TRUE, pretty = TRUE, null = "null")
