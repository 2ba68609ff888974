mestring_test(figures_test unit figures/figures_test.cc LINK figures)
