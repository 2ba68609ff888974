mestring_test(calendar_test unit shared/calendar_test.cc LINK calendar)
mestring_test(figures_test unit shared/figures_test.cc LINK figures)
