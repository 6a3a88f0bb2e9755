# One reference case: fit it, derive the numbers, write them at full precision.

source("newton.R")

by_outcome <- function(matrix_, outcomes, terms) {
  setNames(lapply(seq_along(outcomes), function(j) setNames(as.list(matrix_[, j]), terms)), outcomes)
}

columns_as <- function(matrix_, names, rows = seq_len(nrow(matrix_))) {
  setNames(lapply(seq_along(names), function(j) I(matrix_[rows, j])), names)
}

# `model` describes the fit as a reader of the file has to ask for it:
#   formula, data (file name), outcome (column), levels (baseline first), categorical (list of levels),
#   weights (column or NULL), offset (columns or NULL).
# `terms` maps the column names of X to the names in coefficient tables; the map must cover X exactly.
reference_case <- function(name, title, model, X, Y, terms, offset = NULL, new_rows = NULL, new_X = NULL,
                           crosscheck = list(), packages = character()) {
  stopifnot(setequal(names(terms), colnames(X)), !anyDuplicated(terms))
  terms <- unname(terms[colnames(X)])
  if (is.null(offset)) offset <- matrix(0, nrow(X), ncol(Y) - 1)
  fit <- newton(X, Y, offset)
  null <- newton(matrix(1, nrow(X), 1), Y, offset)
  J <- ncol(Y) - 1
  n <- sum(Y)
  k <- ncol(X) * J
  se <- matrix(sqrt(diag(fit$vcov)), ncol = J)
  chi2 <- 2 * (fit$loglik - null$loglik)
  cox_snell <- -expm1(-chi2 / n)
  outcomes <- model$levels[-1]
  first <- seq_len(min(10, nrow(X)))
  prob_se <- probability_se(X, fit$prob, fit$vcov)
  expected <- list(
    n_used = nrow(X), sum_weights = n,
    coef = by_outcome(fit$coef, outcomes, terms), se = by_outcome(se, outcomes, terms),
    z = by_outcome(fit$coef / se, outcomes, terms),
    p = by_outcome(2 * pnorm(-abs(fit$coef / se)), outcomes, terms),
    wald_ci = list(
      level = 0.95, lower = by_outcome(fit$coef + qnorm(0.025) * se, outcomes, terms),
      upper = by_outcome(fit$coef + qnorm(0.975) * se, outcomes, terms)
    ),
    vcov = fit$vcov,
    fit = list(
      loglik = fit$loglik, loglik_null = null$loglik, deviance = -2 * fit$loglik,
      deviance_null = -2 * null$loglik, n_coef = k, df_model = k - J,
      aic = -2 * fit$loglik + 2 * k, aicc = -2 * fit$loglik + 2 * k * n / (n - k - 1),
      bic = -2 * fit$loglik + k * log(n),
      lr = list(chi2 = chi2, df = k - J, p = pchisq(chi2, k - J, lower.tail = FALSE))
    ),
    r2 = list(
      mcfadden = chi2 / (-2 * null$loglik), cox_snell = cox_snell,
      nagelkerke = cox_snell / -expm1(2 * null$loglik / n)
    ),
    fitted = list(
      logit_first10 = columns_as(fit$eta, outcomes, first),
      logit_se_first10 = columns_as(matrix(logit_se(X, fit$vcov, J), ncol = J), outcomes, first),
      prob_first10 = columns_as(fit$prob, model$levels, first),
      prob_se_first10 = columns_as(prob_se, model$levels, first),
      prob_sumsq = setNames(as.list(colSums(fit$prob^2)), model$levels),
      prob_se_sumsq = setNames(as.list(colSums(prob_se^2)), model$levels)
    )
  )
  if (J == 1) {
    expected$r2$tjur <- sum(Y[, 2] * fit$prob[, 2]) / sum(Y[, 2]) - sum(Y[, 1] * fit$prob[, 2]) / sum(Y[, 1])
  }
  if (!is.null(new_X)) {
    stopifnot(identical(colnames(new_X), colnames(X)))
    new_eta <- new_X %*% fit$coef
    new_prob <- probabilities_of(new_eta)
    expected$new <- list(
      rows = new_rows, logit = columns_as(new_eta, outcomes),
      logit_se = columns_as(matrix(logit_se(new_X, fit$vcov, J), ncol = J), outcomes),
      prob = columns_as(new_prob, model$levels),
      prob_se = columns_as(matrix(probability_se(new_X, new_prob, fit$vcov), nrow = nrow(new_X)), model$levels)
    )
  }
  checks <- lapply(crosscheck, function(other) max(abs(other - fit$coef)) / max(abs(fit$coef)))
  versions <- vapply(packages, function(p) as.character(packageVersion(p)), "")
  write_case(name, c(
    list(name = name, title = title), model, list(terms = I(terms), expected = expected),
    list(
      newton = list(iterations = fit$iterations, last_relative_step = fit$last_relative_step),
      coef_max_relative_difference = checks,
      packages = as.list(c(R = paste(R.version$major, R.version$minor, sep = "."), versions))
    )
  ))
  invisible(fit)
}

# jsonlite::toJSON stops at 15 significant digits; 17 are the fewest that return every double unchanged.
as_json <- function(value, indent = "") {
  deeper <- paste0(indent, " ")
  scalar <- function(v) {
    if (is.na(v)) "null"
    else if (is.character(v)) encodeString(v, quote = '"')
    else if (is.logical(v)) tolower(as.character(v))
    else sprintf("%.17g", v)
  }
  if (is.null(value)) return("null")
  if (is.data.frame(value)) value <- lapply(seq_len(nrow(value)), function(i) as.list(value[i, ]))
  if (is.matrix(value)) value <- lapply(seq_len(nrow(value)), function(i) I(value[i, ]))
  if (is.list(value)) {
    inner <- vapply(value, as_json, "", indent = deeper)
    if (is.null(names(value)) && length(value)) {
      return(paste0("[\n", paste0(deeper, inner, collapse = ",\n"), "\n", indent, "]"))
    }
    if (!length(value)) return("{}")
    entries <- paste0(deeper, vapply(names(value), scalar, ""), ": ", inner, collapse = ",\n")
    return(paste0("{\n", entries, "\n", indent, "}"))
  }
  if (length(value) == 1 && !inherits(value, "AsIs")) return(scalar(value))
  paste0("[", paste(vapply(unclass(value), scalar, ""), collapse = ", "), "]")
}

write_case <- function(name, content) {
  writeLines(as_json(content), paste0(name, ".json"))
  stopifnot(identical(as.numeric(sprintf("%.17g", content$expected$vcov)), as.vector(content$expected$vcov)))
  message(name, ": ", content$newton$iterations, " iterations, last relative step ",
          signif(content$newton$last_relative_step, 2), "; other programs off by ",
          paste(names(content$coef_max_relative_difference),
                signif(unlist(content$coef_max_relative_difference), 2), collapse = ", "))
}

read_table <- function(path, ...) read.csv(path, na.strings = "", stringsAsFactors = FALSE, ...)

indicators <- function(outcome, levels, weight = 1) {
  Y <- sapply(levels, function(level) weight * (outcome == level))
  stopifnot(all(rowSums(Y) == weight))
  Y
}

identity_terms <- function(...) { t <- c(...); setNames(t, t) }

glm_coef <- function(X, Y, offset = 0) {
  fit <- glm.fit(X, Y[, 2], offset = rep_len(offset, nrow(X)), family = binomial(),
                 control = glm.control(epsilon = 1e-14, maxit = 100))
  matrix(fit$coefficients, ncol = 1)
}

multinom_coef <- function(X, Y, offset = NULL) {
  suppressPackageStartupMessages(library(nnet))
  formula <- if (is.null(offset)) Y ~ X - 1 else Y ~ X - 1 + offset(cbind(0, offset))
  fit <- multinom(formula, trace = FALSE, maxit = 10000, reltol = 1e-15, abstol = 0)
  t(coef(fit))
}

vglm_coef <- function(X, Y, offset = NULL) {
  suppressPackageStartupMessages(library(VGAM))
  if (is.null(offset)) offset <- matrix(0, nrow(X), ncol(Y) - 1)
  fit <- vglm(Y ~ X - 1 + offset(offset), multinomial(refLevel = 1), epsilon = 1e-14, maxit = 100)
  matrix(coef(fit, matrix = TRUE), ncol = ncol(Y) - 1)
}
