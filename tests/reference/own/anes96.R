# Party identification in seven classes, American National Election Study 1996. Run in this folder: Rscript anes96.R
source("case.R")

anes <- read_table("anes96.csv")
X <- model.matrix(~ log(popul + 0.1) + selfLR + age + educ + income, anes)
colnames(X)[2] <- "logpopul"
terms <- c(`(Intercept)` = "Intercept", logpopul = "log(popul + 0.1)", selfLR = "selfLR", age = "age", educ = "educ",
           income = "income")
outcomes <- as.character(0:6)
anes_model <- function(levels) {
  list(kind = "multinomial", formula = "PID ~ log(popul + 0.1) + selfLR + age + educ + income", data = "own/anes96.csv",
       outcome = "PID", levels = levels, categorical = setNames(list(), character()), weights = NULL, offset = NULL)
}
new_rows <- data.frame(popul = c(0, 250), selfLR = c(2, 6), age = c(25, 70), educ = c(6, 3), income = c(20, 5))
new_X <- cbind(1, log(new_rows$popul + 0.1), as.matrix(new_rows[c("selfLR", "age", "educ", "income")]))
dimnames(new_X) <- list(NULL, colnames(X))

Y <- indicators(as.character(anes$PID), outcomes)
reference_case("b31_seven_classes", "Seven outcomes, 36 coefficients", anes_model(outcomes), X, Y, terms,
               new_rows = new_rows, new_X = new_X,
               crosscheck = list(nnet = multinom_coef(X, Y), VGAM = vglm_coef(X, Y)), packages = c("nnet", "VGAM"))

# the same model fitted again against another baseline: what `versus` must say without a second fit
other <- c("3", setdiff(outcomes, "3"))
Y <- indicators(as.character(anes$PID), other)
reference_case("b32_seven_classes_baseline_3", "The same seven outcomes against outcome 3", anes_model(other), X, Y, terms,
               crosscheck = list(nnet = multinom_coef(X, Y), VGAM = vglm_coef(X, Y)), packages = c("nnet", "VGAM"))
