# Odds ratios at stated values and standardised coefficients: Rscript interpret.R, in this folder.
# Only base R, VGAM and jsonlite: contrasts are rows of R's own model matrices, multiplied out here.
suppressPackageStartupMessages({library(VGAM); library(splines); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
data_folder <- "../../../../datasets"
birthwt <- read.csv(file.path(data_folder, "birthwt.csv"), stringsAsFactors = FALSE)
birthwt$race <- factor(birthwt$race, levels = c("white", "black", "other"))
birthwt$smoke <- factor(birthwt$smoke, levels = c("no", "yes"))
womenlf <- read.csv(file.path(data_folder, "womenlf.csv"), stringsAsFactors = FALSE)
womenlf$partic <- factor(womenlf$partic, levels = c("not.work", "parttime", "fulltime"))
womenlf$children <- factor(womenlf$children, levels = c("absent", "present"))

glm_fit <- function(formula, data, ...) {
  # Two more steps from the optimum, so that the covariance belongs to it and not to the step before.
  fit <- glm(formula, binomial, data, control = glm.control(epsilon = 1e-14, maxit = 50), ...)
  eta <- fit$linear.predictors
  p <- plogis(eta)
  x <- model.matrix(fit)
  w <- fit$prior.weights * p * (1 - p)
  list(fit = fit, coef = coef(fit), vcov = solve(crossprod(x * sqrt(w))), eta = eta, p = p, x = x)
}

rows_of <- function(model, new) model.matrix(delete.response(terms(model)), new, xlev = model$xlevels)

contrast <- function(coef, vcov, step) {
  estimate <- drop(step %*% coef)
  std_error <- sqrt(rowSums((step %*% vcov) * step))
  z <- qnorm(0.975)
  data.frame(odds_ratio = exp(estimate), conf_low = exp(estimate - z * std_error),
             conf_high = exp(estimate + z * std_error), p_value = 2 * pnorm(-abs(estimate / std_error)))
}

out <- list(versions = list(R = R.version.string, VGAM = as.character(packageVersion("VGAM")),
                            jsonlite = as.character(packageVersion("jsonlite"))))

# A factor by another factor and by a number.
m <- glm_fit(low ~ race * smoke + age * smoke + lwt, birthwt)
held <- expand.grid(age = c(20, 30), race = levels(birthwt$race), stringsAsFactors = FALSE)
held <- held[order(match(held$race, levels(birthwt$race)), held$age), ]
new <- function(smoke) data.frame(race = factor(held$race, levels(birthwt$race)), age = held$age, lwt = 120,
                                  smoke = factor(smoke, c("no", "yes")))
out$smoke_at <- contrast(m$coef, m$vcov, rows_of(m$fit, new("yes")) - rows_of(m$fit, new("no")))

# Polynomial and spline: from 20 to 30, and by 5 from 20 and from 30; the other number through a product.
m <- glm_fit(low ~ poly(age, 2) * smoke + bs(lwt, df = 4), birthwt)
grid <- function(age, smoke, lwt = 120) data.frame(age = age, smoke = factor(smoke, c("no", "yes")), lwt = lwt)
out$age_from_to <- contrast(m$coef, m$vcov, rows_of(m$fit, grid(30, c("no", "yes"))) - rows_of(m$fit, grid(20, c("no", "yes"))))
out$age_steps <- contrast(m$coef, m$vcov, rows_of(m$fit, grid(c(25, 35), "yes")) - rows_of(m$fit, grid(c(20, 30), "yes")))
out$lwt_step <- contrast(m$coef, m$vcov, rows_of(m$fit, grid(20, "no", 130)) - rows_of(m$fit, grid(20, "no", 120)))

# Three outcomes, against the first and against the last.
v <- vglm(partic ~ hincome * children, multinomial(refLevel = "not.work"), womenlf,
          epsilon = 1e-14, maxit = 100)
cf <- coef(v, matrix = TRUE)
x <- model.matrix(~ hincome * children, womenlf)
p <- fitted(v)[, c("parttime", "fulltime")]
info <- matrix(0, 8, 8)
for (j in 1:2) for (k in 1:2) {
  w <- p[, j] * ((j == k) - p[, k])
  info[(j - 1) * 4 + 1:4, (k - 1) * 4 + 1:4] <- crossprod(x, x * w)
}
vc <- solve(info)
step <- model.matrix(~ hincome * children, data.frame(hincome = c(10, 20), children = factor("present", c("absent", "present")))) -
  model.matrix(~ hincome * children, data.frame(hincome = c(10, 20), children = factor("absent", c("absent", "present"))))
zero <- 0 * step
flat <- as.vector(cf)
out$children_at <- rbind(contrast(flat, vc, cbind(step, zero)), contrast(flat, vc, cbind(zero, step)))
out$children_at_versus_fulltime <- rbind(contrast(flat, vc, cbind(zero, -step)), contrast(flat, vc, cbind(step, -step)))

# Standardised coefficients by their formulas, with R's sd(), var() and cor().
standardised <- function(m, y) {
  s <- apply(m$x, 2, sd)[-1]
  b <- m$coef[-1]
  se <- sqrt(diag(m$vcov))[-1]
  r <- cor(y, m$p)
  divisor <- list(x = 1, `latent-y` = sqrt(var(m$eta) + pi^2 / 3), sas = pi / sqrt(3), menard = sd(m$eta) / r)
  lapply(divisor, function(d) list(sd = unname(s), estimate = unname(b * s / d), std_error = unname(se * s / d)))
}
m <- glm_fit(low ~ age + lwt + race + smoke, birthwt)
out$standardised <- standardised(m, birthwt$low)
copies <- 1 + (seq_len(nrow(birthwt)) %% 3)
long <- birthwt[rep(seq_len(nrow(birthwt)), copies), ]
out$standardised_frequency <- standardised(glm_fit(low ~ age + lwt + race + smoke, long), long$low)
out$standardised_multinomial <- list(sd = unname(apply(x, 2, sd)[-1]), coef = unname(t(cf[-1, ])))

write_json(out, "interpret.json", digits = NA, auto_unbox = TRUE, pretty = TRUE, dataframe = "columns")
