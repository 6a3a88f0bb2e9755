"""The attributes that maketables asks a model for; maketables itself is tried where it is installed."""

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg import errors


@pytest.fixture
def binary() -> logreg.LogisticFit:
    return logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))


@pytest.fixture
def multinomial() -> logreg.LogisticFit:
    return logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))


def test_a_binary_fit_is_a_model_of_its_own(binary: logreg.LogisticFit) -> None:
    shown = binary.__maketables_coef_table__
    own = binary.coefficients()
    assert shown.index.name == "Coefficient"
    assert shown.index.tolist() == own["term"].tolist()
    assert list(shown.columns) == ["b", "se", "t", "p", "ci95l", "ci95u"]
    np.testing.assert_array_equal(shown["se"], own["std_error"])
    assert binary.__maketables_depvar__ == "low"
    assert binary.__maketables_stat__("N") == 189
    assert binary.__maketables_stat__("ll") == binary.loglik
    assert binary.__maketables_stat__("pseudo_r2") == pytest.approx(1 - binary.loglik / binary.loglik_null)
    assert binary.__maketables_stat__("se_type") == "model"
    assert binary.__maketables_stat__("r2_within") is None
    assert binary.__maketables_var_labels__["lwt"] == "Mother's weight (lb)"
    assert binary.__maketables_vcov_info__["vcov_type"] == "model"
    assert binary.__maketables_fixef_string__ is None


def test_one_view_per_outcome(multinomial: logreg.LogisticFit) -> None:
    views = multinomial.maketables()
    assert [view.outcome for view in views] == list(multinomial.spec.outcome.modelled)
    own = multinomial.coefficients()
    for view in views:
        np.testing.assert_array_equal(
            view.__maketables_coef_table__["b"], own.loc[own["outcome"] == view.outcome, "estimate"]
        )
        assert view.outcome in view.__maketables_depvar__
        assert "against" in view.__maketables_depvar__
    # As one model it would mix the equations.
    assert not hasattr(multinomial, "__maketables_coef_table__")


def test_other_attributes_are_not_made_up(binary: logreg.LogisticFit) -> None:
    assert not hasattr(binary, "params")
    with pytest.raises(AttributeError, match="'LogisticFit' object has no attribute 'no_such'"):
        binary.no_such  # noqa: B018


def test_infinite_estimates_are_refused() -> None:
    with pytest.warns(errors.SeparationWarning):
        fit = logreg.fit("HG ~ NV", logreg.datasets.load("endometrial"))
    with pytest.raises(errors.SupportError, match="infinite"):
        fit.maketables()


def test_maketables_prints_them(binary: logreg.LogisticFit, multinomial: logreg.LogisticFit) -> None:
    maketables = pytest.importorskip("maketables")
    made = maketables.ETable([binary, *multinomial.maketables()])
    assert isinstance(made.df, pd.DataFrame)
    assert "189" in made.df.to_string()
