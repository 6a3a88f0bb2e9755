# Robust, clustered and survey covariances by R's own packages, at the polished optimum. Run in this folder:
#   Rscript covariance.R
suppressMessages({library(sandwich); library(clubSandwich); library(survey)})

data_of <- function(name) read.csv(file.path("..", "..", "data", name), stringsAsFactors = TRUE)
# The covariance of a glm belongs to the weights of the iteration before its last one: start at the optimum.
polished <- function(formula, data, weights = rep(1, nrow(data)), offset = rep(0, nrow(data))) {
  start <- NULL
  for (k in 1:4) {
    fit <- suppressWarnings(do.call(glm, list(formula, family = binomial, data = data, weights = weights,
                                              offset = offset, start = start, epsilon = 1e-14, maxit = 100)))
    start <- coef(fit)
  }
  fit
}
errors <- function(vcov) as.list(sqrt(diag(vcov)))
out <- list()

con <- data_of("a08_contraception.csv")
con$y <- as.integer(con$use == "Y")
con$second <- con$woman %% 83
con$w <- 0.5 + (con$woman %% 7) / 3
con$off <- (con$woman %% 3) / 10
plain <- polished(y ~ age + I(age^2) + livch + urban, con)
out$two_way <- list(
  CR1 = errors(vcovCL(plain, cluster = con[c("district", "second")], type = "HC0", cadjust = TRUE)),
  CR0 = errors(vcovCL(plain, cluster = con[c("district", "second")], type = "HC0", cadjust = FALSE)),
  CR1_vcov = unname(vcovCL(plain, cluster = con[c("district", "second")], type = "HC0", cadjust = TRUE)))
weighted <- polished(y ~ age + livch + urban, con, weights = con$w, offset = con$off)
out$precision_weights <- list(
  HC0 = errors(vcovHC(weighted, "HC0")), HC1 = errors(vcovHC(weighted, "HC1")),
  HC2 = errors(vcovHC(weighted, "HC2")), HC3 = errors(vcovHC(weighted, "HC3")),
  CR1 = errors(vcovCL(weighted, cluster = con$district, type = "HC0", cadjust = TRUE)),
  CR2 = errors(vcovCR(weighted, cluster = con$district, type = "CR2")))
# A cluster with a coefficient of its own: the adjustment is a pseudo-inverse.
con$own <- as.integer(con$district == 14)
out$cluster_of_its_own <- list(
  CR2 = errors(vcovCR(polished(y ~ age + urban + own, con), cluster = con$district, type = "CR2")))

births <- data_of("a01_birthwt.csv")
births$freq <- 1 + (seq_len(nrow(births)) %% 3)
births$site <- seq_len(nrow(births)) %% 11
copies <- births[rep(seq_len(nrow(births)), births$freq), ]
repeated <- polished(low ~ age + lwt + smoke, copies)
out$frequency_weights <- list(
  HC1 = errors(vcovHC(repeated, "HC1")), HC2 = errors(vcovHC(repeated, "HC2")),
  HC3 = errors(vcovHC(repeated, "HC3")),
  CR1 = errors(vcovCL(repeated, cluster = copies$site, type = "HC0", cadjust = TRUE)),
  CR2 = errors(vcovCR(repeated, cluster = copies$site, type = "CR2")))

api <- data_of("a07_apistrat.csv")
api$y <- as.integer(api$sch_wide == "Yes")
api$gap <- ifelse(seq_len(nrow(api)) %% 9 == 0 | api$dnum == 401, NA, api$ell)
api$share <- 200 / 6194
api$groups <- 757
api$part <- ifelse(seq_len(nrow(api)) %% 10 == 0, 0, api$pw)
survey_case <- function(formula, weights = ~pw, ...) {
  design <- svydesign(weights = weights, data = api, ...)
  start <- NULL
  for (k in 1:4) {
    fit <- suppressWarnings(do.call(svyglm, list(formula, design, family = binomial, epsilon = 1e-14,
                                                 maxit = 100, start = start)))
    start <- coef(fit)
  }
  list(coef = as.list(coef(fit)), se = errors(vcov(fit)), design_df = degf(fit$survey.design),
       residual_df = fit$df.residual, p = as.list(summary(fit)$coefficients[, 4]))
}
full <- y ~ ell + meals + mobility
gaps <- y ~ gap + meals + mobility
out$survey <- list(
  strata_nested_clusters = survey_case(full, ids = ~dnum, strata = ~stype, nest = TRUE),
  clusters = survey_case(full, ids = ~dnum),
  clusters_fpc = survey_case(full, ids = ~dnum, fpc = ~groups),
  nested_fpc = survey_case(full, ids = ~dnum, strata = ~stype, fpc = ~fpc, nest = TRUE),
  share = survey_case(full, ids = ~1, fpc = ~share),
  zero_weights = survey_case(full, weights = ~part, ids = ~1, strata = ~stype),
  gaps_rows = survey_case(gaps, ids = ~1),
  gaps_strata = survey_case(gaps, ids = ~1, strata = ~stype, fpc = ~fpc),
  gaps_nested = survey_case(gaps, ids = ~dnum, strata = ~stype, nest = TRUE))
out$software <- list(R = as.character(getRversion()), sandwich = as.character(packageVersion("sandwich")),
  clubSandwich = as.character(packageVersion("clubSandwich")), survey = as.character(packageVersion("survey")))

# jsonlite stops at 15 digits.
write <- function(x) {
  if (is.character(x)) return(paste0('"', x, '"'))
  if (is.list(x)) return(paste0("{", paste0('"', names(x), '": ', vapply(x, write, ""), collapse = ",\n"), "}"))
  if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, write), collapse = ",\n"), "]"))
  text <- sprintf("%.17g", x)
  if (length(x) == 1) text else paste0("[", paste(text, collapse = ", "), "]")
}
cat(write(out), "\n", file = "covariance.json", sep = "")
