# Multinomial models of women's labour force participation: offsets, frequency weights, no intercept, spline,
# interaction, missing values. Run in this folder: Rscript womenlf.R
source("case.R")
library(splines)

women <- read_table("../data/a03_womenlf.csv")
women$children <- factor(women$children, c("absent", "present"))
women$region <- factor(women$region, c("Ontario", "Atlantic", "BC", "Prairie", "Quebec"))
outcomes <- c("not.work", "parttime", "fulltime")
categorical <- list(children = levels(women$children), region = levels(women$region))
Y <- indicators(women$partic, outcomes)

model <- function(formula, data = "data/a03_womenlf.csv", weights = NULL, offset = NULL, ...) {
  list(kind = "multinomial", formula = formula, data = data, outcome = "partic", levels = outcomes,
       categorical = categorical, weights = weights, offset = offset, ...)
}

programs <- function(X, Y, offset = NULL) {
  list(nnet = multinom_coef(X, Y, offset), VGAM = vglm_coef(X, Y, offset))
}

plain_terms <- c(`(Intercept)` = "Intercept", hincome = "hincome", childrenpresent = "children[T.present]")

shifted <- transform(women, o_part = round(cos(hincome) / 2, 6), o_full = round((hincome - 14) / 20, 6))
write.csv(shifted, "womenlf_offset.csv", row.names = FALSE, quote = FALSE, na = "")
shifted <- read_table("womenlf_offset.csv")
X <- model.matrix(~ hincome + children, women)

offset <- as.matrix(shifted[c("o_part", "o_full")])
dimnames(offset) <- NULL
reference_case("b21_offset_per_outcome", "One offset column for each logit",
               model("partic ~ hincome + children", "own/womenlf_offset.csv", offset = I(c("o_part", "o_full"))),
               X, Y, plain_terms, offset = offset, crosscheck = programs(X, Y, offset), packages = c("nnet", "VGAM"))

offset <- cbind(shifted$o_part, shifted$o_part)
reference_case("b22_offset_shared", "One offset column, the same in every logit against the baseline",
               model("partic ~ hincome + children", "own/womenlf_offset.csv", offset = "o_part"),
               X, Y, plain_terms, offset = offset, crosscheck = programs(X, Y, offset), packages = c("nnet", "VGAM"))

# Frequency weights: equal rows are counted, and two rows of weight zero with values far away are added.
counts <- aggregate(list(freq = rep(1, nrow(women))), women[c("partic", "hincome", "children", "region")], sum)
counts <- rbind(counts[1:5, ], data.frame(partic = c("fulltime", "parttime"), hincome = c(900, -900),
                                          children = "present", region = "BC", freq = 0), counts[-(1:5), ])
write.csv(counts, "womenlf_counts.csv", row.names = FALSE, quote = FALSE)
positive <- counts[counts$freq > 0, ]
stopifnot(sum(counts$freq) == nrow(women), any(counts$freq > 1))
X_counts <- model.matrix(~ hincome + children + region, positive)
Y_counts <- indicators(positive$partic, outcomes, positive$freq)
full_terms <- c(plain_terms, regionAtlantic = "region[T.Atlantic]", regionBC = "region[T.BC]",
                regionPrairie = "region[T.Prairie]", regionQuebec = "region[T.Quebec]")
reference_case("b23_frequency_weights", "Equal rows counted once with a frequency; zero weights count for nothing",
               model("partic ~ hincome + children + region", "own/womenlf_counts.csv",
                     weights = list(column = "freq", kind = "frequency")),
               X_counts, Y_counts, full_terms, crosscheck = programs(X_counts, Y_counts),
               packages = c("nnet", "VGAM"))

X <- model.matrix(~ 0 + children + hincome, women)
reference_case("b24_no_intercept", "No intercept in a multinomial model", model("partic ~ 0 + children + hincome"), X, Y,
               c(childrenabsent = "children[absent]", childrenpresent = "children[present]", hincome = "hincome"),
               crosscheck = programs(X, Y), packages = c("nnet", "VGAM"))

B <- bs(women$hincome, df = 4)
X <- cbind(1, B, women$children == "present")
colnames(X) <- c("Intercept", paste0("b", 1:4), "children")
new_rows <- data.frame(hincome = c(6, 20.5), children = c("absent", "present"))
new_X <- cbind(1, predict(B, new_rows$hincome), new_rows$children == "present")
colnames(new_X) <- colnames(X)
reference_case("b25_spline", "B-spline in a multinomial model, with new rows",
               model("partic ~ bs(hincome, df=4) + children"), X, Y,
               c(Intercept = "Intercept", setNames(sprintf("bs(hincome, df=4)[%d]", 1:4), paste0("b", 1:4)),
                 children = "children[T.present]"),
               new_rows = new_rows, new_X = new_X, crosscheck = programs(X, Y),
               packages = c("nnet", "VGAM", "splines"))

X <- model.matrix(~ hincome * children, women)
reference_case("b26_interaction", "Number by factor interaction in a multinomial model",
               model("partic ~ hincome * children"), X, Y,
               c(plain_terms, `hincome:childrenpresent` = "hincome:children[T.present]"),
               crosscheck = programs(X, Y), packages = c("nnet", "VGAM"))

gaps <- women
gaps$partic[c(2, 30, 31)] <- NA
gaps$hincome[c(2, 40, 41)] <- NA
gaps$children[c(40, 50)] <- NA
gaps$region[1:20] <- NA
write.csv(gaps, "womenlf_gaps.csv", row.names = FALSE, quote = FALSE, na = "")
used <- gaps[complete.cases(gaps[c("partic", "hincome", "children")]), ]
X <- model.matrix(~ hincome + children, used)
Y_used <- indicators(used$partic, outcomes)
reference_case("b27_gaps", "Missing values that overlap between columns; region is outside the formula",
               model("partic ~ hincome + children", "own/womenlf_gaps.csv",
                     columns = c("partic", "hincome", "children"), n_read = nrow(gaps)),
               X, Y_used, plain_terms, crosscheck = programs(X, Y_used), packages = c("nnet", "VGAM"))

X <- model.matrix(~ hincome + children, women)
reference_case("b28_scales", "Plain multinomial model whose predictor is rescaled and shifted by the tests",
               model("partic ~ hincome + children"), X, Y, plain_terms, crosscheck = programs(X, Y),
               packages = c("nnet", "VGAM"))
