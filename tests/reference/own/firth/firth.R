# Bias-reduced estimates of brglm2, and of the formulas of FLIC and FLAC written out with glm. Run in this folder:
#     Rscript firth.R
# R 4.2.2, brglm2 0.9, nnet 7.3.18 (Debian 12: r-base-core r-cran-brglm2). Covariances are computed here at the
# estimates, since brglm2 keeps those of the iteration before.
source("../case.R", chdir = TRUE)
suppressPackageStartupMessages(library(brglm2))

control <- list(epsilon = 1e-12, maxit = 500)

information <- function(X, prob, total) {          # prob: n x K, baseline first
  J <- ncol(prob) - 1
  blocks <- lapply(seq_len(J), function(j) do.call(cbind, lapply(seq_len(J), function(k) {
    t(X) %*% (X * total * prob[, j + 1] * ((j == k) - prob[, k + 1]))
  })))
  do.call(rbind, blocks)
}

binary_prob <- function(eta) cbind(plogis(-eta), plogis(eta))

numbers <- function(X, coef, total, offset = 0) {
  V <- solve(information(X, binary_prob(drop(X %*% coef) + offset), total))
  list(coef = I(unname(coef)), se = I(unname(sqrt(diag(V)))), vcov = unname(V))
}

hat_values <- function(X, coef, total, offset = 0) {
  eta <- drop(X %*% coef) + offset
  w <- total * plogis(eta) * plogis(-eta)
  w * rowSums((X %*% solve(t(X) %*% (X * w))) * X)
}

# Puhr et al. (2017): the intercept by maximum likelihood, slopes as an offset.
flic <- function(X, event, total, coef, offset = 0) {
  slopes <- drop(X[, -1, drop = FALSE] %*% coef[-1]) + offset
  fit <- glm(cbind(event, total - event) ~ 1, family = binomial(), offset = slopes,
             control = glm.control(epsilon = 1e-15, maxit = 200))
  result <- c(unname(coef(fit)), unname(coef[-1]))
  eta <- drop(X %*% result) + offset
  w <- total * plogis(eta) * plogis(-eta)
  # Slopes keep their covariance; the intercept follows them: var = 1 / sum(w) + mean' V mean.
  Vs <- solve(information(X, binary_prob(drop(X %*% coef) + offset), total))[-1, -1, drop = FALSE]
  mean <- colSums(X[, -1, drop = FALSE] * w) / sum(w)
  cross <- -drop(Vs %*% mean)
  V <- rbind(c(1 / sum(w) + sum(mean * (Vs %*% mean)), cross), cbind(cross, Vs))
  list(coef = I(result), se = I(unname(sqrt(diag(V)))), vcov = unname(V))
}

# The same: rows, and pseudo-observations weighted by h / 2, with an indicator of the latter.
flac <- function(X, event, total, coef, offset = 0) {
  h <- hat_values(X, coef, total, offset)
  n <- nrow(X)
  XX <- rbind(cbind(X, pseudo = 0), cbind(X, 1), cbind(X, 1))
  # Half a pseudo-event and half a pseudo-failure per unit of leverage.
  y <- c(event / total, rep(1, n), rep(0, n))
  w <- c(total, h / 2, h / 2)
  fit <- suppressWarnings(glm.fit(XX, y, weights = w, offset = rep(rep_len(offset, n), 3), family = binomial(),
                                  control = glm.control(epsilon = 1e-15, maxit = 200)))
  b <- coef(fit)
  k <- length(b)
  eta <- drop(XX %*% b) + rep(rep_len(offset, n), 3)
  V <- solve(t(XX) %*% (XX * w * plogis(eta) * plogis(-eta)))
  list(coef = I(unname(b[-k])), se = I(unname(sqrt(diag(V)[-k]))), vcov = unname(V[-k, -k]))
}

binary_case <- function(X, event, total, terms, offset = NULL, types = c(firth = "AS_mean", median = "AS_median")) {
  stopifnot(identical(names(terms), colnames(X)))
  o <- if (is.null(offset)) rep(0, nrow(X)) else offset
  fits <- lapply(types, function(type) {
    suppressWarnings(glm(cbind(event, total - event) ~ X - 1, family = binomial(), offset = o, method = "brglmFit",
                         control = do.call(brglmControl, c(control, type = type))))
  })
  firth <- coef(fits$firth)
  jeffreys <- suppressWarnings(glm(cbind(event, total - event) ~ X - 1, family = binomial(), offset = o,
                                   method = "brglmFit", control = do.call(brglmControl, c(control, type = "MPL_Jeffreys"))))
  eta <- drop(X %*% firth) + o
  loglik <- sum(event * plogis(eta, log.p = TRUE) + (total - event) * plogis(-eta, log.p = TRUE))
  logdet <- determinant(information(X, binary_prob(eta), total))$modulus[[1]]
  c(list(terms = I(unname(terms)), max_abs_difference_jeffreys = max(abs(firth - coef(jeffreys)))),
    lapply(fits, function(fit) numbers(X, coef(fit), total, o)),
    list(loglik = loglik, loglik_penalised = loglik + logdet / 2,
         flic = flic(X, event, total, firth, o), flac = flac(X, event, total, firth, o)))
}

multinomial_case <- function(data, outcome, levels, X, terms, freq) {
  stopifnot(identical(names(terms), colnames(X)))
  y <- factor(data[[outcome]], levels)
  fit <- brmultinom(y ~ X - 1, weights = freq, ref = 1, type = "AS_mean", epsilon = 1e-12, maxit = 500)
  B <- t(coef(fit))                                  # p x J
  eta <- cbind(0, X %*% B)
  prob <- exp(eta - apply(eta, 1, max)); prob <- prob / rowSums(prob)
  loglik <- sum(freq * log(prob[cbind(seq_along(y), as.integer(y))]))
  info <- information(X, prob, freq)
  V <- solve(info)
  list(terms = I(unname(terms)), levels = I(levels), coef = unname(t(B)), vcov = unname(V),
       loglik = loglik, loglik_penalised = loglik + determinant(info)$modulus[[1]] / 2)
}

cases <- list(packages = list(R = paste(R.version$major, R.version$minor, sep = "."),
                              brglm2 = as.character(packageVersion("brglm2"))))

bw <- read_table("../../data/a01_birthwt.csv")
bw$race <- factor(bw$race, sort(unique(bw$race)))
X <- model.matrix(~ age + lwt + race + smoke, bw)
names_of <- function(X) {
  t <- sub("^race(.*)$", "race[T.\\1]", sub("^smoke(.+)$", "smoke[T.\\1]", colnames(X)))
  t[1] <- "Intercept"
  setNames(t, colnames(X))
}
event <- as.integer(bw$low == sort(unique(bw$low))[2])
cases$birthwt <- c(list(data = "data/a01_birthwt.csv", formula = "low ~ age + lwt + race + smoke"),
                   binary_case(X, event, rep(1, nrow(X)), names_of(X)))

bwo <- read_table("../birthwt_offset.csv")
offset_column <- setdiff(names(bwo), names(bw))[1]
bwo$race <- factor(bwo$race, sort(unique(bwo$race)))
Xo <- model.matrix(~ age + race, bwo)
cases$offset <- c(list(data = "own/birthwt_offset.csv", formula = "low ~ age + race", offset = offset_column),
                  binary_case(Xo, event, rep(1, nrow(Xo)), names_of(Xo), offset = bwo[[offset_column]]))

ucb <- read_table("../../data/a05_ucb.csv")
gender <- factor(ucb$gender, sort(unique(ucb$gender)))
dept <- factor(ucb$dept, sort(unique(ucb$dept)))
X <- model.matrix(~ gender + dept)
terms <- setNames(c("Intercept", paste0("gender[T.", levels(gender)[-1], "]"), paste0("dept[T.", levels(dept)[-1], "]")),
                  colnames(X))
cases$ucb <- c(list(data = "data/a05_ucb.csv", formula = "cbind(admitted, rejected) ~ gender + dept"),
               binary_case(X, ucb$admitted, ucb$admitted + ucb$rejected, terms))

# Data on which brglm2 0.9 stops without convergence; see test_firth.py.
for (seed in c(278, 240)) {
  set.seed(seed)
  X <- matrix(rnorm(180) * 3, 60)
  y <- as.integer(X %*% c(2, -3, 2) + rlogis(60) * .05 > 0)
  data <- data.frame(y = y, x1 = X[, 1], x2 = X[, 2], x3 = X[, 3])
  name <- paste0("stuck_", seed)
  write.csv(format(data, digits = 17, trim = TRUE), paste0(name, ".csv"), row.names = FALSE, quote = FALSE)
  data <- read.csv(paste0(name, ".csv"))
  converged <- sapply(c("AS_mean", "AS_median"), function(type) suppressWarnings(
    glm(y ~ x1 + x2 + x3, family = binomial(), data = data, method = "brglmFit", type = type))$converged)
  cases[[name]] <- list(data = paste0("own/firth/", name, ".csv"), formula = "y ~ x1 + x2 + x3",
                        converged_brglm2 = as.list(converged))
}

women <- read_table("../../data/a03_womenlf.csv")
levels3 <- c("not.work", "parttime", "fulltime")
X <- model.matrix(~ hincome + children, women)
cases$womenlf <- c(list(data = "data/a03_womenlf.csv", formula = "partic ~ hincome + children", outcome = "partic"),
                   multinomial_case(women, "partic", levels3, X,
                                    setNames(c("Intercept", "hincome", "children[T.present]"), colnames(X)),
                                    rep(1, nrow(women))))

# Few rows, one region without anyone in part-time work: quasi-complete separation.
some <- women[women$region %in% c("BC", "Prairie") & !(women$region == "BC" & women$partic == "parttime"), ]
write.csv(some, "womenlf_separated.csv", row.names = FALSE, quote = FALSE)
X <- model.matrix(~ hincome + region, some)
cases$womenlf_separated <- c(
  list(data = "own/firth/womenlf_separated.csv", formula = "partic ~ hincome + region", outcome = "partic"),
  multinomial_case(some, "partic", levels3, X, setNames(c("Intercept", "hincome", "region[T.Prairie]"), colnames(X)),
                   rep(1, nrow(some))))

# Frequencies; fewer terms than the published case, which keeps the iterations short.
gators <- read_table("../../data/a10_alligators.csv")
lake <- factor(gators$lake, sort(unique(gators$lake)))
foods <- c("Fish", sort(setdiff(unique(gators$foodchoice), "Fish")))
used <- gators$freq > 0
X <- model.matrix(~ lake)
terms <- setNames(c("Intercept", paste0("lake[T.", levels(lake)[-1], "]")), colnames(X))
cases$alligators <- c(
  list(data = "data/a10_alligators.csv", formula = "foodchoice ~ lake", outcome = "foodchoice", weights = "freq"),
  multinomial_case(gators[used, ], "foodchoice", foods, X[used, ], terms, gators$freq[used]))

writeLines(as_json(cases), "firth.json")
