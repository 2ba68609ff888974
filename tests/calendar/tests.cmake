mestring_test(calendar_test unit calendar/calendar_test.cc LINK calendar)
