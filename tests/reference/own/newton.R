# Binary and multinomial maximum likelihood by a full-information Newton method, and the numbers that follow.
#
# Layout: X is n x p; Y is n x K (indicators, counts or frequency-weighted indicators) with the baseline outcome
# in column 1; offset is n x (K - 1) on the log-odds scale. Coefficients are p x (K - 1); the covariance is
# outcome-major (all terms of the first non-baseline outcome, then of the second).
#
# glm() and multinom() stop on the deviance, which leaves an error of the order of the square root of their
# tolerance in the coefficients, and glm() reports a covariance one iteration old. Here the step is repeated until
# it is rounding noise, in an orthogonal basis of the columns so that scale and shift of a predictor cost no digits.

STEP_TOLERANCE <- 1e-14
MAX_ITERATIONS <- 100

log_sum_exp <- function(eta) {
  # log(1 + sum_j exp(eta_j)) by rows; the baseline's logit is 0
  top <- pmax(0, apply(eta, 1, max))
  top + log(exp(-top) + rowSums(exp(eta - top)))
}

probabilities_of <- function(eta) {
  total <- log_sum_exp(eta)
  cbind(exp(-total), exp(eta - total))
}

loglik_of <- function(eta, Y) sum(Y[, -1, drop = FALSE] * eta) - sum(rowSums(Y) * log_sum_exp(eta))

information_of <- function(X, P, size) {
  J <- ncol(P) - 1
  p <- ncol(X)
  info <- matrix(0, J * p, J * p)
  for (j in seq_len(J)) for (l in seq_len(J)) {
    weight <- size * P[, j + 1] * ((j == l) - P[, l + 1])
    info[(j - 1) * p + seq_len(p), (l - 1) * p + seq_len(p)] <- crossprod(X, weight * X)
  }
  (info + t(info)) / 2
}

newton <- function(X, Y, offset = matrix(0, nrow(X), ncol(Y) - 1)) {
  stopifnot(is.matrix(X), is.matrix(Y), is.matrix(offset), nrow(X) == nrow(Y), ncol(offset) == ncol(Y) - 1)
  decomposition <- qr(X, tol = 1e-12, LAPACK = FALSE)
  stopifnot(decomposition$rank == ncol(X), identical(decomposition$pivot, seq_len(ncol(X))))
  Q <- qr.Q(decomposition) * sqrt(nrow(X))
  R <- qr.R(decomposition) / sqrt(nrow(X))
  size <- rowSums(Y)
  J <- ncol(offset)
  G <- matrix(0, ncol(X), J)
  eta <- Q %*% G + offset
  loglik <- loglik_of(eta, Y)
  for (iteration in seq_len(MAX_ITERATIONS)) {
    P <- probabilities_of(eta)
    score <- crossprod(Q, (Y - size * P)[, -1, drop = FALSE])
    step <- matrix(solve(information_of(Q, P, size), as.vector(score)), ncol = J)
    relative <- max(abs(step)) / max(abs(G), 1e-300)
    if (relative < 1e-6) {
      # inside the quadratic basin the log-likelihood no longer tells steps apart: take them whole
      G <- G + step
      eta <- Q %*% G + offset
    } else {
      repeat {
        proposal <- Q %*% (G + step) + offset
        if (loglik_of(proposal, Y) >= loglik) break
        step <- step / 2
      }
      G <- G + step
      eta <- proposal
    }
    loglik <- loglik_of(eta, Y)
    if (relative < STEP_TOLERANCE) break
  }
  if (relative >= STEP_TOLERANCE) stop("Newton did not become stationary: last relative step ", relative)
  inverse_R <- backsolve(R, diag(ncol(R)))
  coef <- inverse_R %*% G
  # from the columns themselves: rows of the orthogonal basis that should be equal differ in the 13th digit
  eta <- X %*% coef + offset
  P <- probabilities_of(eta)
  lift <- kronecker(diag(J), inverse_R)
  # L L' with L = lift U^-1 keeps the covariance symmetric and positive definite to the last digit
  L <- lift %*% backsolve(chol(information_of(Q, P, size)), diag(ncol(R) * J))
  list(
    coef = coef, vcov = tcrossprod(L), eta = eta, prob = P, loglik = loglik_of(eta, Y),
    iterations = iteration, last_relative_step = relative
  )
}

logit_se <- function(X, vcov, J) {
  p <- ncol(X)
  sapply(seq_len(J), function(j) {
    block <- (j - 1) * p + seq_len(p)
    sqrt(rowSums((X %*% vcov[block, block]) * X))
  })
}

probability_se <- function(X, P, vcov) {
  # gradient of P_k with respect to the coefficients of outcome j: P_k (1[k = j] - P_j) x
  J <- ncol(P) - 1
  sapply(seq_len(J + 1), function(k) {
    gradient <- do.call(cbind, lapply(seq_len(J), function(j) P[, k] * ((k == j + 1) - P[, j + 1]) * X))
    sqrt(rowSums((gradient %*% vcov) * gradient))
  })
}
