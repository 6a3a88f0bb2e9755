"""What the optimum licenses us to say: estimates, covariance, tests."""
